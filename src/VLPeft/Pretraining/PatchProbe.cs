using TorchSharp;
using VLPeft.Data.Batching;
using VLPeft.Data.Scenes;
using static TorchSharp.torch;

namespace VLPeft.Pretraining;

/// <summary>
/// What frozen tokens tell: for each label of a patch a linear classifier, fitted by ridge regression on some pictures, is asked of others.
/// P patches, d width.
/// </summary>
internal static class PatchProbe
{
    private const int Batch = 250;
    private const double Ridge = 1e-2;

    /// <summary>The share of patches whose label the token at their place tells, by column of <see cref="SceneLabels.PatchColumns"/>.</summary>
    /// <param name="tokens">Pixels → (B, P, d).</param>
    /// <param name="known">Pictures to fit to.</param>
    /// <param name="fresh">Pictures to ask of.</param>
    public static IReadOnlyDictionary<string, double> Run(Func<Tensor, Tensor> tokens, ScenePretrainingImages known, ScenePretrainingImages fresh)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        (Tensor features, Tensor labels) = Gather(tokens, known);
        (Tensor asked, Tensor truth) = Gather(tokens, fresh);
        Tensor gram = features.t().mm(features).add_(eye(features.shape[1], dtype: ScalarType.Float64), Scalars.Of(Ridge));
        var shares = new Dictionary<string, double>();
        for (int i = 0; i < SceneLabels.PatchColumns.Count; i++)
        {
            (string name, int classes) = SceneLabels.PatchColumns[i];
            Tensor wanted = nn.functional.one_hot(labels.select(1, i), classes).to(ScalarType.Float64);
            Tensor guess = asked.mm(linalg.solve(gram, features.t().mm(wanted))).argmax(1);
            shares[name] = guess.eq(truth.select(1, i)).to(ScalarType.Float64).mean().ToDouble();
        }
        return shares;
    }

    // (N·P, d + 1) with a column of ones, and (N·P, labels)
    private static (Tensor Features, Tensor Labels) Gather(Func<Tensor, Tensor> tokens, ScenePretrainingImages images)
    {
        var features = new List<Tensor>();
        var labels = new List<Tensor>();
        foreach (ReadOnlyMemory<int> indices in BatchPlan.InOrder(images.Count, Batch))
        {
            VisionBatch batch = VisionBatch.Of(images, indices.Span);
            features.Add(tokens(batch.Pixels).flatten(0, 1).to(ScalarType.Float64));
            labels.Add(batch.Patches.flatten(0, 1));
        }
        Tensor all = cat(features);
        return (cat([all, ones(all.shape[0], 1, ScalarType.Float64)], 1), cat(labels));
    }
}
