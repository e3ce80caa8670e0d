using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Models;

/// <summary>
/// Multi-head softmax(Q Kᵀ / √e + bias) V. Shapes: B batch, Q queries, K keys, d width, h heads, e = d / h.
/// </summary>
internal static class Attention
{
    /// <summary>
    /// Both paths compute the same; which is faster was measured (TorchSharp 0.107, CPU). The fused kernel wins in fp32 without a
    /// backward pass (up to 2×, and it never holds the weights), and with one below 16 keys (1.2-1.6×). Its backward pass is slower
    /// than plain products from 16 keys on (1.2-1.8×), and ten times slower in bfloat16.
    /// </summary>
    private const long FewKeys = 16;

    /// <param name="query">(B, Q, d).</param>
    /// <param name="key">(B, K, d).</param>
    /// <param name="value">(B, K, d).</param>
    /// <param name="heads">h.</param>
    /// <param name="bias">Added to the scores before softmax; broadcasts to (B, h, Q, K).</param>
    /// <param name="dropout">Probability on the attention weights; 0 outside training.</param>
    /// <returns>(B, Q, d).</returns>
    public static Tensor Attend(Tensor query, Tensor key, Tensor value, long heads, Tensor? bias, double dropout)
    {
        using var scope = NewDisposeScope();
        Tensor q = SplitHeads(query, heads), k = SplitHeads(key, heads), v = SplitHeads(value, heads);
        Tensor mixed = UseFused(q, k, v)
            ? nn.functional.scaled_dot_product_attention(q, k, v, bias, dropout)
            : Plain(q, k, v, bias, dropout);
        // (B, h, Q, e) → (B, Q, h, e) → (B, Q, d)
        return scope.MoveToOuter(mixed.transpose(1, 2).reshape(query.shape[0], query.shape[1], query.shape[2]));
    }

    // (B, T, d) → (B, T, h, e) → (B, h, T, e)
    private static Tensor SplitHeads(Tensor x, long heads) =>
        x.view(x.shape[0], x.shape[1], heads, x.shape[2] / heads).transpose(1, 2);

    private static bool UseFused(Tensor q, Tensor k, Tensor v) =>
        q.dtype == ScalarType.Float32
        && (k.shape[2] < FewKeys || !is_grad_enabled() || !(q.requires_grad || k.requires_grad || v.requires_grad));

    // In the order of the reference's operations, bit for bit. bmm, since a matmul of wrong shapes would end the process.
    private static Tensor Plain(Tensor q, Tensor k, Tensor v, Tensor? bias, double dropout)
    {
        long batch = q.shape[0], heads = q.shape[1], queries = q.shape[2], keys = k.shape[2], e = q.shape[3];
        Tensor scores = bmm(q.reshape(batch * heads, queries, e), k.transpose(2, 3).reshape(batch * heads, e, keys)).div_(Math.Sqrt(e));
        if (bias is not null)
            scores = scores.view(batch, heads, queries, keys).add_(bias).view(batch * heads, queries, keys);
        Tensor weights = Layers.Drop(nn.functional.softmax(scores, -1), dropout, training: dropout > 0);
        return bmm(weights, v.reshape(batch * heads, keys, e)).view(batch, heads, queries, e);
    }
}
