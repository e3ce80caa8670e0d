using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VLPeft.Models.T5;

/// <summary>Which relative positions an attention tells apart.</summary>
internal enum T5Direction
{
    /// <summary>Before and after (the encoder): each has half of the buckets.</summary>
    Both,

    /// <summary>Before alone (the decoder): what comes after shares the bucket of distance 0.</summary>
    Back,
}

/// <summary>
/// T5's attention bias (Raffel et al., JMLR 2020, §2.1): a number per head and bucket of the distance from query to key. Half of a
/// direction's buckets hold one distance each, the others ever more, logarithmically, up to the largest distance.
/// </summary>
internal static class T5RelativePositions
{
    /// <summary>The bias of queries at positions first … first + Q − 1 on keys 0 … K − 1.</summary>
    /// <param name="table">(buckets, h).</param>
    /// <param name="config">Buckets and largest distance.</param>
    /// <param name="direction">What is told apart.</param>
    /// <param name="first">The first query's position.</param>
    /// <param name="queries">Q.</param>
    /// <param name="keys">K.</param>
    /// <returns>(1, h, Q, K).</returns>
    public static Tensor Bias(Embedding table, T5Config config, T5Direction direction, long first, long queries, long keys)
    {
        using var scope = NewDisposeScope();
        using Parameter weight = table.weight!;
        Tensor from = arange(Scalars.Of(first), Scalars.Of(first + queries), ScalarType.Int64, weight.device).unsqueeze(1);
        Tensor distance = arange(Scalars.Of(keys), ScalarType.Int64, weight.device).unsqueeze(0) - from; // (Q, K)
        // (Q, K, h) → (h, Q, K) → (1, h, Q, K)
        return scope.MoveToOuter(table.call(Buckets(distance, config, direction)).permute(2, 0, 1).contiguous().unsqueeze(0));
    }

    /// <summary>The bucket of each distance (key − query), same shape, int64.</summary>
    internal static Tensor Buckets(Tensor distance, T5Config config, T5Direction direction)
    {
        using var scope = NewDisposeScope();
        long count = direction == T5Direction.Both ? config.Buckets / 2 : config.Buckets, exact = count / 2;
        Tensor steps = direction == T5Direction.Both ? distance.abs() : distance.neg().clamp_min(Scalars.Of(0));
        // In the reference's operations and type, since a rounding decides between buckets.
        Tensor log = steps.to(ScalarType.Float32).div(Scalars.Of(exact)).log().div(Scalars.Of(Math.Log((double)config.MaxDistance / exact))).mul(Scalars.Of(count - exact));
        // Distance 0 has the logarithm −∞, which is no integer; it is among the exact ones anyway.
        Tensor far = log.clamp_min(Scalars.Of(0)).to(ScalarType.Int64).Plus(exact).clamp_max(Scalars.Of(count - 1));
        Tensor bucket = where(steps.lt(Scalars.Of(exact)), steps, far);
        return scope.MoveToOuter(direction == T5Direction.Both ? bucket.Plus(distance.gt(Scalars.Of(0)).to(ScalarType.Int64).mul(Scalars.Of(count))) : bucket);
    }
}
