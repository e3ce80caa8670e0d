using TorchSharp;
using VLPeft.Data;
using VLPeft.Data.Batching;
using VLPeft.Evaluation.Captions;
using VLPeft.Preprocessing;
using VLPeft.Recipes;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>Runs a model over captions and pictures: losses, captions, and their official scores.</summary>
internal sealed class CaptionMeasure(Recipe recipe, CaptionSystem system, ITextTokenizer tokenizer)
{
    private readonly CaptionDecoder _decoder = new(system, tokenizer);

    public CaptionDecoder Decoder => _decoder;

    private long EndId => system.Backbones.Text.Config.EndId;

    /// <summary>The loss of a batch, with a graph when gradients are on.</summary>
    public Tensor Loss(CaptionBatch batch)
    {
        ImageFeatures? features = batch.Images.Encoded(system.Backbones.Vision, system.Model.Image.Options);
        return CaptionLoss.Of(system.Model.call(batch.Ids, batch.Mask, features), batch.Ids, EndId,
            recipe.Caption.Loss == CaptionLossChoice.Reference ? CaptionLossKind.Reference : CaptionLossKind.FromPrefix);
    }

    /// <summary>The mean loss over a split's captions; the model must be in evaluation mode.</summary>
    public double MeanLoss(CaptionTexts texts, CancellationToken cancellation)
    {
        double loss = 0;
        using (no_grad())
            foreach (ReadOnlyMemory<int> plan in BatchPlan.ByLength(texts.Lengths, recipe.Training.RowsInEvaluation))
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                loss += Loss(texts.Batch(plan)).ToDouble() * plan.Length;
            }
        return loss / texts.Lengths.Length;
    }

    /// <summary>What the model says about a split's first pictures.</summary>
    /// <param name="split">The split.</param>
    /// <param name="images">Its pictures.</param>
    /// <param name="generation">How to search.</param>
    /// <param name="limit">How many pictures; 0 for all.</param>
    /// <param name="progress">Told the share done.</param>
    /// <param name="cancellation">Ends the work between two tokens.</param>
    public CaptionExample[] Caption(
        CaptionSplit split, RowImages images, GenerationSection generation, int limit, Action<double>? progress, CancellationToken cancellation)
    {
        int count = limit == 0 ? split.Pictures.Count : Math.Min(limit, split.Pictures.Count);
        string[] captions = _decoder.Decode(images, count, generation.BatchSize, generation.ToOptions(EndId), progress, cancellation);
        return [.. captions.Select((caption, i) => new CaptionExample(IdOf(split.Pictures[i]), caption, split.Pictures[i].Captions))];
    }

    private static string IdOf(CaptionPicture picture) => picture.ImageId.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
