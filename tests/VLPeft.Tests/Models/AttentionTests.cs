using TorchSharp;
using VLPeft.Models;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Models;

[Collection(Seeded.Name)]
public sealed class AttentionTests
{
    public AttentionTests() => set_num_threads(1);

    // Few and many keys, with and without gradients, take different kernels.
    [Theory]
    [InlineData(5, 5, false, false)]
    [InlineData(5, 5, true, true)]
    [InlineData(20, 20, false, true)]
    [InlineData(20, 20, true, true)]
    [InlineData(20, 20, true, false)]
    [InlineData(1, 20, true, true)]
    [InlineData(1, 5, false, true)]
    public void Values_and_gradients_are_the_formulas(long queries, long keys, bool gradients, bool biased)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        Tensor[] inputs = [randn(2, queries, 12), randn(2, keys, 12), randn(2, keys, 12)];
        Tensor? bias = biased ? randn(1, 3, queries, keys) : null;
        Tensor upstream = randn(2, queries, 12);

        (Tensor expected, Tensor[] expectedGradients) = Evaluate(inputs, gradients, upstream, x => Formula(x[0], x[1], x[2], 3, bias));
        (Tensor actual, Tensor[] actualGradients) = Evaluate(inputs, gradients, upstream, x => Attention.Attend(x[0], x[1], x[2], 3, bias, 0));

        Tiny.AssertClose(expected, actual, 1e-6);
        foreach ((Tensor e, Tensor a) in expectedGradients.Zip(actualGradients))
            Tiny.AssertClose(e, a, 1e-5);
    }

    [Fact]
    public void Padding_gets_no_weight()
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        Tensor x = randn(1, 4, 12), bias = zeros(1, 1, 1, 4);
        bias[.., .., .., 3] = float.MinValue;

        Tensor padded = Attention.Attend(x, x, x, 3, bias, 0);

        Tensor shorter = x.narrow(1, 0, 3);
        Tiny.AssertClose(Attention.Attend(shorter, shorter, shorter, 3, null, 0), padded.narrow(1, 0, 3), 1e-6);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(20)]
    public void Dropout_drops_attention_weights(long keys)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        Tensor q = zeros(1, 2000, 4), k = zeros(1, keys, 4), v = ones(1, keys, 4).requires_grad_();

        Tensor mixed = Attention.Attend(q, k, v, 1, null, 0.25);

        // Each row is the kept share of equal weights over 0.75: its mean is 1, its variance p / ((1 − p) keys).
        Assert.InRange(mixed.mean().ToDouble(), 0.97, 1.03);
        Assert.InRange(mixed[0, .., 0].var().ToDouble() * keys, 0.29, 0.38);
    }

    [Fact]
    public void Bfloat16_agrees_with_float32()
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        Tensor x = randn(2, 20, 12).bfloat16(), y = x.to(ScalarType.Float32);

        Tiny.AssertClose(Attention.Attend(y, y, y, 3, null, 0), Attention.Attend(x, x, x, 3, null, 0).to(ScalarType.Float32), 0.03);
    }

    private static Tensor Formula(Tensor q, Tensor k, Tensor v, long heads, Tensor? bias)
    {
        Tensor Split(Tensor x) => x.reshape(x.shape[0], x.shape[1], heads, -1);
        Tensor scores = einsum("bqhe,bkhe->bhqk", Split(q), Split(k)) / Math.Sqrt(q.shape[2] / heads);
        Tensor weights = (bias is null ? scores : scores + bias).softmax(-1);
        return einsum("bhqk,bkhe->bqhe", weights, Split(v)).reshape(q.shape);
    }

    private static (Tensor Value, Tensor[] Gradients) Evaluate(Tensor[] inputs, bool gradients, Tensor upstream, Func<Tensor[], Tensor> function)
    {
        Tensor[] x = [.. inputs.Select(input => input.clone().requires_grad_(gradients))];
        Tensor y = function(x);
        if (gradients)
            y.backward([upstream]);
        return (y, gradients ? [.. x.Select(input => input.grad!)] : []);
    }
}
