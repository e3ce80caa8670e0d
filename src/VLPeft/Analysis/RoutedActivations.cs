using TorchSharp;
using VLPeft.Peft;
using static TorchSharp.torch;

namespace VLPeft.Analysis;

/// <summary>
/// What each bottleneck held between its halves in one forward: x_t after routing, a row a token. Two recordings of the same text with different
/// pictures say how far the picture moves each layer. For bottlenecks that route after up it is f(x_H).
/// </summary>
public sealed class RoutedActivations
{
    private readonly Dictionary<string, Rows> _rows;

    private RoutedActivations(Dictionary<string, Rows> rows) => _rows = rows;

    /// <summary>Runs a forward and records it.</summary>
    /// <param name="model">The model with its bottlenecks; null when there are none, and then nothing is recorded.</param>
    /// <param name="forward">Runs the model, once, with a routing feature that is set for this forward alone.</param>
    public static RoutedActivations Record(PeftModel? model, Action forward)
    {
        ArgumentNullException.ThrowIfNull(forward);
        var rows = new Dictionary<string, Rows>();
        var hooks = new List<nn.Module<Tensor, Tensor?, Tensor>.HookRemover>();
        try
        {
            foreach (AttachedBottleneck one in model?.Attached.DistinctBy(one => one.Owner) ?? [])
                hooks.Add(one.Bottleneck.Observe(routed => Keep(rows, one.Owner, routed)));
            forward();
        }
        finally
        {
            hooks.ForEach(hook => hook.remove());
        }
        return new RoutedActivations(rows);
    }

    /// <summary>How each bottleneck differs from another recording of the same text, in the order of the forward.</summary>
    /// <param name="other">The same model and as many tokens.</param>
    /// <exception cref="ArgumentException">The recordings have different bottlenecks or numbers of tokens.</exception>
    public IReadOnlyList<BottleneckShift> ShiftFrom(RoutedActivations other)
    {
        ArgumentNullException.ThrowIfNull(other);
        if (!_rows.Keys.SequenceEqual(other._rows.Keys) || _rows.Any(one => one.Value.Values.Count != other._rows[one.Key].Values.Count))
            throw new ArgumentException("the recordings are of different models, or of texts with different numbers of tokens.", nameof(other));
        return [.. _rows.Select(one => Shift(one.Key, one.Value, other._rows[one.Key]))];
    }

    // A bottleneck that several modules share is called several times; all its rows count.
    private static void Keep(Dictionary<string, Rows> all, string owner, Tensor routed)
    {
        if (!all.TryGetValue(owner, out Rows? rows))
            all[owner] = rows = new Rows((int)routed.size(-1), []);
        using Tensor whole = routed.detach().to(ScalarType.Float32).cpu().contiguous();
        rows.Values.AddRange(whole.data<float>());
    }

    private static BottleneckShift Shift(string owner, Rows rows, Rows others)
    {
        double norm = 0, otherNorm = 0, distance = 0;
        int count = rows.Values.Count / rows.Width;
        for (int row = 0; row < count; row++)
        {
            double xx = 0, yy = 0, xy = 0;
            for (int i = row * rows.Width; i < (row + 1) * rows.Width; i++)
            {
                double x = rows.Values[i], y = others.Values[i];
                (xx, yy, xy) = (xx + (x * x), yy + (y * y), xy + (x * y));
            }
            norm += Math.Sqrt(xx);
            otherNorm += Math.Sqrt(yy);
            distance += Distance(xx, yy, xy);
        }
        return new BottleneckShift(owner, norm / count, otherNorm / count, distance / count);
    }

    // Two rows of zeros are alike; a row of zeros has no direction in common with any other.
    private static double Distance(double xx, double yy, double xy) =>
        xx == 0 && yy == 0 ? 0 : xx == 0 || yy == 0 ? 1 : Math.Clamp(1 - (xy / Math.Sqrt(xx * yy)), 0, 2);

    private sealed record Rows(int Width, List<float> Values);
}

/// <summary>How one bottleneck's activations differ between two recordings.</summary>
/// <param name="Name">The module that carries it, or the name that several share it by.</param>
/// <param name="Norm">‖x_t‖ after routing, the mean over tokens.</param>
/// <param name="OtherNorm">The same in the other recording.</param>
/// <param name="CosineDistance">1 − cos of each token's x_t with the other's, the mean over tokens: 0 (the same direction) … 2.</param>
public sealed record BottleneckShift(string Name, double Norm, double OtherNorm, double CosineDistance);
