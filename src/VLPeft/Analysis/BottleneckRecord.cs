using TorchSharp;
using VLPeft.Peft;
using static TorchSharp.torch;

namespace VLPeft.Analysis;

/// <summary>x_t, x_v and R(x_t, x_v) of one bottleneck over many examples, each as the mean over an example's positions. N examples, r rank.</summary>
internal sealed class BottleneckRecord(AttachedBottleneck attached) : IDisposable
{
    private const int FoldedPictures = 16;

    private readonly List<Tensor> _text = [], _vision = [], _routed = [], _features = [];

    /// <summary>Whether a bottleneck has the one down projection that makes x_t and x_v.</summary>
    public static bool Has(AttachedBottleneck attached) => attached.Bottleneck.Options.Kind is SharedDown or AfterUp;

    /// <summary>Keeps a batch.</summary>
    /// <param name="hidden">x_H (B, T, d).</param>
    /// <param name="picture">The picture's vector, (B, V, d): x_R where it routes; null when there is none.</param>
    public void Add(Tensor hidden, Tensor? picture)
    {
        using var scope = NewDisposeScope();
        LowRankBottleneck bottleneck = attached.Bottleneck;
        Tensor text = bottleneck.ProjectFeature(hidden); // (B, T, r)
        _text.Add(Kept(text.mean([1])));
        if (picture is null)
            return;
        Tensor vision = bottleneck.ProjectFeature(picture); // (B, V, r)
        _vision.Add(Kept(vision.mean([1])));
        _features.Add(Kept(picture.narrow(1, 0, 1).squeeze(1)));
        if (bottleneck.Options is { IsRouted: true, Kind: SharedDown })
            _routed.Add(Kept(bottleneck.Options.Routing.Route(text, vision).mean([1])));
    }

    public BottleneckInsides Insides()
    {
        using var scope = NewDisposeScope();
        Tensor text = cat(_text, 0);
        Tensor? vision = _vision.Count == 0 ? null : cat(_vision, 0), routed = _routed.Count == 0 ? null : cat(_routed, 0);
        return new BottleneckInsides(
            attached.ModuleName, Of(text), vision is null ? null : Of(vision),
            vision is null ? null : Cosine(text, vision), vision is null ? null : Cosine(text, vision.roll(vision.size(0) / 2, 0)),
            vision is null ? null : Finite(LinearCka.Of(text, vision)), routed is null ? null : Finite(LinearCka.Of(routed, vision!)), Rank());
    }

    public void Dispose()
    {
        foreach (Tensor tensor in _text.Concat(_vision).Concat(_routed).Concat(_features))
            tensor.Dispose();
    }

    private static Tensor Kept(Tensor x) => x.detach().to(ScalarType.Float32).clone().DetachFromDisposeScope();

    private double? Rank()
    {
        LowRankBottleneck bottleneck = attached.Bottleneck;
        if (!bottleneck.CanFold)
            return null;
        if (!bottleneck.Options.IsRouted)
            return Finite(EffectiveRank.Of(bottleneck.Fold(zeros(1, bottleneck.Width)).Weight));
        if (_features.Count == 0)
            return null;
        Tensor features = cat(_features, 0);
        long count = Math.Min(FoldedPictures, features.size(0)), step = features.size(0) / count;
        return Finite(Enumerable.Range(0, (int)count).Average(i => EffectiveRank.Of(bottleneck.Fold(features.narrow(0, i * step, 1)).Weight)));
    }

    private static double Cosine(Tensor x, Tensor y) => nn.functional.cosine_similarity(x, y, 1).mean().ToDouble();

    private static double? Finite(double value) => double.IsFinite(value) ? value : null;

    private static Distribution Of(Tensor x)
    {
        float[] sorted = [.. x.data<float>()];
        Array.Sort(sorted);
        double mean = sorted.Average(value => (double)value);
        double Quantile(double share) => sorted[(int)Math.Round(share * (sorted.Length - 1))];
        return new Distribution(mean, Math.Sqrt(sorted.Average(value => (value - mean) * (value - mean))), Quantile(0.05), Quantile(0.5), Quantile(0.95));
    }
}
