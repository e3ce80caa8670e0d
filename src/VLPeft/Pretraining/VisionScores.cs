using TorchSharp;
using VLPeft.Data.Scenes;
using VLPeft.Training;
using static TorchSharp.torch;

namespace VLPeft.Pretraining;

/// <summary>
/// Held-out metrics. <c>loss</c> (binary cross-entropy), <c>accuracy</c> and <c>f1</c> are over all attributes. <c>at-position-*</c> are
/// what the benchmark rests on: of the objects there are, the share whose shape (colour, size) the pooled feature names right at their
/// position, the likeliest of the alternatives being the answer (chance: 1/4, 1/6, 1/2). <c>patch-*</c> are the shares of patches whose
/// label the tokens tell.
/// </summary>
internal sealed class VisionScores
{
    // A cell's attributes in SceneLabels' order: object, then shapes, colours, sizes.
    private static readonly int Shapes = Enum.GetValues<SceneShape>().Length;
    private static readonly int Colors = Enum.GetValues<SceneColor>().Length;
    private static readonly int Sizes = Enum.GetValues<SceneSize>().Length;
    private static readonly int PerCell = 1 + Shapes + Colors + Sizes;

    private static readonly (string Name, int Start, int Count)[] CellGroups =
        [("shape", 1, Shapes), ("color", 1 + Shapes, Colors), ("size", 1 + Shapes + Colors, Sizes)];

    private readonly long[] cellRight = new long[CellGroups.Length];
    private readonly long[] patchRight = new long[SceneLabels.PatchColumns.Count];
    private double loss, right, truePositives, positives, claimed;
    private long attributeCount, objects, patchCount;

    public void Add(VisionBatch batch, Tensor attributes, Tensor[] patches)
    {
        loss += nn.functional.binary_cross_entropy_with_logits(attributes, batch.Attributes, reduction: nn.Reduction.Sum).ToDouble();
        Tensor truth = batch.Attributes.gt(Scalars.Of(0.5)), claim = attributes.gt(Scalars.Of(0));
        right += claim.eq(truth).sum().ToInt64();
        truePositives += claim.logical_and(truth).sum().ToInt64();
        positives += truth.sum().ToInt64();
        claimed += claim.sum().ToInt64();
        attributeCount += truth.NumberOfElements;
        AddCells(attributes, batch.Attributes);
        for (int i = 0; i < patches.Length; i++)
            patchRight[i] += patches[i].argmax(2).eq(batch.Patches.select(2, i)).sum().ToInt64();
        patchCount += batch.Patches.shape[0] * batch.Patches.shape[1];
    }

    public EvaluationResult Result() => new(
    [
        EvaluationResult.Loss(loss / attributeCount),
        EvaluationResult.Accuracy(right / attributeCount),
        High("f1", 2 * truePositives / Math.Max(1, positives + claimed)),
        .. CellGroups.Select((group, i) => High("at-position-" + group.Name, (double)cellRight[i] / objects)),
        .. SceneLabels.PatchColumns.Select((column, i) => High("patch-" + column.Name, (double)patchRight[i] / patchCount)),
    ]);

    private void AddCells(Tensor attributes, Tensor truth)
    {
        // The four cells' attributes come first.
        Tensor guesses = attributes.narrow(1, 0, Scene.CellCount * PerCell).reshape(-1, PerCell);
        Tensor cells = truth.narrow(1, 0, Scene.CellCount * PerCell).reshape(-1, PerCell);
        Tensor occupied = cells.select(1, 0).gt(Scalars.Of(0.5));
        objects += occupied.sum().ToInt64();
        for (int i = 0; i < CellGroups.Length; i++)
        {
            (_, int start, int count) = CellGroups[i];
            Tensor same = guesses.narrow(1, start, count).argmax(1).eq(cells.narrow(1, start, count).argmax(1));
            cellRight[i] += same.logical_and(occupied).sum().ToInt64();
        }
    }

    private static Metric High(string name, double value) => new(name, value, MetricDirection.HigherIsBetter);
}
