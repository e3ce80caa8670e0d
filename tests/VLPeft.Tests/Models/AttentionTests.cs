using TorchSharp;
using VLPeft.Models;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Models;

[Collection(Seeded.Name)]
public sealed class AttentionTests
{
    public AttentionTests() => set_num_threads(1);

    // Few keys, some, and many, with and without gradients, take different ways.
    public static TheoryData<long, long, bool, bool> Cases
    {
        get
        {
            var cases = new TheoryData<long, long, bool, bool>();
            foreach (long keys in new[] { 1, 5, 8, 9, 15, 16, 20 })
            {
                foreach (bool gradients in new[] { false, true })
                {
                    cases.Add(keys, keys, gradients, true);
                    cases.Add(keys, keys, gradients, false);
                    cases.Add(1, keys, gradients, true);
                }
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Values_and_gradients_are_the_formulas(long queries, long keys, bool gradients, bool biased)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        Tensor[] inputs = [randn(2, queries, 12), randn(2, keys, 12), randn(2, keys, 12)];
        Tensor? bias = biased ? randn(1, 3, queries, keys).requires_grad_(gradients) : null;
        Tensor upstream = randn(2, queries, 12);

        (Tensor expected, Tensor[] expectedGradients) = Evaluate(
            inputs, bias, gradients, upstream, x => Formula(x[0], x[1], x[2], 3, bias));
        (Tensor actual, Tensor[] actualGradients) = Evaluate(
            inputs, bias, gradients, upstream, x => Attention.Attend(x[0], x[1], x[2], 3, bias, 0));

        Tiny.AssertClose(expected, actual, 1e-6);
        foreach ((Tensor e, Tensor a) in expectedGradients.Zip(actualGradients))
            Tiny.AssertClose(e, a, 1e-5);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(12)]
    [InlineData(18)]
    public void Padding_gets_no_weight(long keys)
    {
        using var scope = NewDisposeScope();
        manual_seed(2);
        Tensor x = randn(1, keys, 12), bias = zeros(1, 1, 1, keys);
        bias[.., .., .., keys - 1] = float.MinValue;

        Tensor padded = Attention.Attend(x, x, x, 3, bias, 0);

        Tensor shorter = x.narrow(1, 0, keys - 1);
        Tiny.AssertClose(Attention.Attend(shorter, shorter, shorter, 3, null, 0), padded.narrow(1, 0, keys - 1), 1e-6);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(12)]
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
        Tensor scores = einsum("bqhe,bkhe->bhqk", Split(q), Split(k)).div(Scalars.Of(Math.Sqrt(q.shape[2] / heads)));
        Tensor weights = (bias is null ? scores : scores.Plus(bias)).softmax(-1);
        return einsum("bhqk,bkhe->bqhe", weights, Split(v)).reshape(q.shape);
    }

    private static (Tensor Value, Tensor[] Gradients) Evaluate(
        Tensor[] inputs, Tensor? bias, bool gradients, Tensor upstream, Func<Tensor[], Tensor> function)
    {
        Tensor[] x = [.. inputs.Select(input => input.clone().requires_grad_(gradients))];
        Tensor y = function(x);
        if (!gradients)
            return (y, []);
        y.backward([upstream]);
        Tensor[] all = [.. x.Select(input => input.grad!), .. bias is null ? [] : new[] { bias.grad!.clone() }];
        bias?.grad!.zero_();
        return (y, all);
    }
}
