using VLPeft.Models;
using VLPeft.Models.Clip;

namespace VLPeft.Pretraining;

/// <summary>
/// What a small CLIP is pre-trained with. Each picture has a caption of every style, of which an epoch takes one; each caption is to be told from as
/// many as a batch has pictures.
/// </summary>
public sealed record ClipPretrainingOptions() : ScenePretrainingOptions(steps: 1_500, batchSize: 128, learningRate: 2e-3)
{
    /// <summary>Both towers: 2 layers, d = 64.</summary>
    internal static ClipTowerConfig Tower { get; } = new(Width: 64, Layers: 2, Heads: 4, Intermediate: 256, HiddenActivation.QuickGelu);

    private protected override int Fewest => 2;

    private protected override string CommandName => ClipPretraining.Kind;

    /// <summary>The text tower takes the longest caption with its special tokens.</summary>
    internal static ClipConfig Architecture(int vocabularySize, int padId, int endId) => new()
    {
        Vision = new ClipVisionConfig { Tower = Tower, ImageSize = 32, PatchSize = 8 },
        Text = new ClipTextConfig { Tower = Tower, VocabularySize = vocabularySize, MaxLength = 40, PadId = padId, EndId = endId },
        ProjectionWidth = 64,
    };
}
