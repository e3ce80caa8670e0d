using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Data.Scenes;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Pretraining;

/// <summary>
/// What the encoder is trained through, and thrown away: a picture's attributes from the pooled feature, a patch's labels from its token.
/// A attributes, P patches, C classes of all label columns.
/// </summary>
internal sealed class VisionHeads : Module
{
    private readonly Linear attributes;
    private readonly Linear patches;

    public VisionHeads(long width) : base(nameof(VisionHeads))
    {
        attributes = Linear(width, SceneLabels.AttributeNames.Count);
        patches = Linear(width, SceneLabels.PatchColumns.Sum(column => column.Classes));
        RegisterComponents();
    }

    // (B, d) → (B, A)
    public Tensor Attributes(Tensor pooled) => attributes.call(pooled);

    // (B, 1 + P, d) → for each label column (B, P, classes)
    public Tensor[] Patches(Tensor tokens)
    {
        Tensor all = patches.call(tokens.narrow(1, 1, SceneLabels.PatchCount));
        var columns = new Tensor[SceneLabels.PatchColumns.Count];
        long start = 0;
        for (int i = 0; i < columns.Length; i++)
        {
            columns[i] = all.narrow(2, start, SceneLabels.PatchColumns[i].Classes);
            start += SceneLabels.PatchColumns[i].Classes;
        }
        return columns;
    }
}
