using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Models;

/// <summary>
/// Multi-head softmax(Q Kᵀ / √e + bias) V, or with another divisor than √e. Shapes: B batch, Q queries, K keys, d width, h heads, e = d / h.
/// </summary>
/// <remarks>
/// All paths compute the same; which is fastest was measured (TorchSharp 0.107, CPU with AVX-512, forward and backward):
/// the fused kernel without a backward pass (up to 2×), plain products with one (1.2-1.8× in fp32, 10× in bfloat16, where the fused
/// kernel is slow), and plain products over keys padded to 16 below that (9-15 keys: 1.1-2×), since small matrix products of 16
/// columns take half the time of those of 15. A single query, as in decoding, is a product with a vector, where padding only costs (12 keys:
/// 0.4 ms unpadded, 2-3 ms padded for 40 rows and 16 heads).
/// </remarks>
internal static class Attention
{
    private const long FullColumns = 16;

    /// <param name="query">(B, Q, d).</param>
    /// <param name="key">(B, K, d).</param>
    /// <param name="value">(B, K, d).</param>
    /// <param name="heads">h.</param>
    /// <param name="bias">Added to the scores before softmax; broadcasts to (B, h, Q, K), its last dimension is K.</param>
    /// <param name="dropout">Probability on the attention weights; 0 outside training.</param>
    /// <param name="divisor">What the products are divided by; null for √e.</param>
    /// <param name="extra">Keys and values that every query sees beside those; null for none.</param>
    /// <returns>(B, Q, d).</returns>
    public static Tensor Attend(
        Tensor query, Tensor key, Tensor value, long heads, Tensor? bias, double dropout, double? divisor = null, IExtraKeys? extra = null)
    {
        using var scope = NewDisposeScope();
        if (extra is not null)
            (key, value, bias) = Extended(extra, key, value, bias);
        bool single = query.dtype == ScalarType.Float32;
        bool trained = is_grad_enabled() && (query.requires_grad || key.requires_grad || value.requires_grad || bias is { requires_grad: true });
        bool padded = single && (trained || query.shape[1] > 1) && key.shape[1] is > FullColumns / 2 and < FullColumns;
        if (padded)
            (key, value, bias) = PadKeys(key, value, bias);
        Tensor q = SplitHeads(query, heads), k = SplitHeads(key, heads), v = SplitHeads(value, heads);
        bool fused = single && !padded && (!trained || key.shape[1] < FullColumns);
        double root = Math.Sqrt(q.shape[3]);
        Tensor mixed = fused
            ? nn.functional.scaled_dot_product_attention(Divided(q, (divisor ?? root) / root), k, v, bias, dropout)
            : Plain(q, k, v, bias, dropout, divisor ?? root);
        // (B, h, Q, e) → (B, Q, h, e) → (B, Q, d)
        return scope.MoveToOuter(mixed.transpose(1, 2).reshape(query.shape[0], query.shape[1], query.shape[2]));
    }

    /// <summary>A padding mask (B, K) as a bias (B, 1, 1, K): 0 for tokens, the type's lowest number for padding.</summary>
    public static Tensor PaddingBias(Tensor mask, ScalarType type)
    {
        using var scope = NewDisposeScope();
        Tensor padding = mask.to(ScalarType.Bool).logical_not();
        Tensor bias = zeros(mask.shape, type, mask.device).masked_fill_(padding, Scalars.Of(finfo(type).min));
        return scope.MoveToOuter(bias.unsqueeze(1).unsqueeze(1));
    }

    /// <summary>
    /// What keeps queries from later positions, (1, 1, Q, K): 0 up to a query's own position, the type's lowest number behind it; null for a single query.
    /// </summary>
    /// <param name="count">Q, the last of the K positions.</param>
    /// <param name="past">K − Q.</param>
    /// <param name="like">Whose type and device it gets.</param>
    public static Tensor? CausalBias(long count, long past, Tensor like) => count == 1 ? null
        : full([count, past + count], Scalars.Of(finfo(like.dtype).min), like.dtype, like.device).triu_(past + 1).unsqueeze(0).unsqueeze(0);

    // The fused kernel divides by √e whatever is wanted.
    private static Tensor Divided(Tensor query, double divisor) => divisor == 1 ? query : query.div(Scalars.Of(divisor));

    // (B, K, d) → (B, P + K, d)
    private static (Tensor Key, Tensor Value, Tensor? Bias) Extended(IExtraKeys extra, Tensor key, Tensor value, Tensor? bias)
    {
        (Tensor keys, Tensor values) = extra.Vectors();
        return (InFront(keys, key), InFront(values, value), bias is null ? null : nn.functional.pad(bias, [keys.shape[0], 0]));

        static Tensor InFront(Tensor vectors, Tensor own) => cat([vectors.to(own.dtype).unsqueeze(0).expand(own.shape[0], -1, -1), own], 1);
    }

    // (B, T, d) → (B, T, h, e) → (B, h, T, e)
    private static Tensor SplitHeads(Tensor x, long heads) =>
        x.view(x.shape[0], x.shape[1], heads, x.shape[2] / heads).transpose(1, 2);

    // (B, K, d) → (B, 16, d); a bias of −∞ gives the new keys no weight.
    private static (Tensor Key, Tensor Value, Tensor Bias) PadKeys(Tensor key, Tensor value, Tensor? bias)
    {
        long more = FullColumns - key.shape[1];
        bias ??= zeros(1, 1, 1, key.shape[1], key.dtype, key.device);
        return (
            nn.functional.pad(key, [0, 0, 0, more]),
            nn.functional.pad(value, [0, 0, 0, more]),
            nn.functional.pad(bias, [0, more], PaddingModes.Constant, double.NegativeInfinity));
    }

    // In the order of the reference's operations, bit for bit. bmm, since a matmul of wrong shapes would end the process.
    private static Tensor Plain(Tensor q, Tensor k, Tensor v, Tensor? bias, double dropout, double divisor)
    {
        long batch = q.shape[0], heads = q.shape[1], queries = q.shape[2], keys = k.shape[2], e = q.shape[3];
        Tensor scores = bmm(q.reshape(batch * heads, queries, e), k.transpose(2, 3).reshape(batch * heads, e, keys));
        if (divisor != 1)
            scores.div_(Scalars.Of(divisor));
        if (bias is not null)
            scores = scores.view(batch, heads, queries, keys).add_(bias, Scalars.One).view(batch * heads, queries, keys);
        Tensor weights = Layers.Drop(nn.functional.softmax(scores, -1), dropout, training: true);
        return bmm(weights, v.reshape(batch * heads, keys, e)).view(batch, heads, queries, e);
    }
}
