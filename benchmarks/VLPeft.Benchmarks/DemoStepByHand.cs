using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Benchmarks;

/// <summary>
/// The demo's step as one would write it straight against TorchSharp: functions on weights, LoRA spelled out, TorchSharp's AdamW; no
/// hooks, no checks, no modules. B batch, T tokens with the prefix, d width.
/// </summary>
internal sealed class DemoStepByHand
{
    private static readonly long Width = DemoStep.Config.Width, Heads = DemoStep.Config.Heads, Pad = DemoStep.Config.PadId;
    private static readonly double Eps = DemoStep.Config.LayerNormEps;

    private readonly Shortcuts _shortcuts;
    private readonly Parameter _words, _positions, _types;
    private readonly Norm _embeddingNorm, _headNorm;
    private readonly Dense _headInner, _headOuter;
    private readonly Layer[] _layers;
    private readonly optim.Optimizer _optimizer;

    public DemoStepByHand(Dictionary<string, Parameter> weights, Shortcuts shortcuts)
    {
        _shortcuts = shortcuts;
        _words = weights["embeddings.word_embeddings.weight"];
        _positions = weights["embeddings.position_embeddings.weight"];
        _types = weights["embeddings.token_type_embeddings.weight"];
        _embeddingNorm = NormOf("embeddings.LayerNorm");
        _layers = [.. Enumerable.Range(0, (int)DemoStep.Config.Layers).Select(LayerOf)];
        (_headInner, _headNorm, _headOuter) = (DenseOf("classifier.0"), NormOf("classifier.1"), DenseOf("classifier.3"));
        _optimizer = optim.AdamW(
            weights.Values.Where(one => one.requires_grad), DemoStep.LearningRate, eps: DemoStep.Epsilon, weight_decay: 0);

        Norm NormOf(string name) => new(weights[$"{name}.weight"], weights[$"{name}.bias"]);

        Dense DenseOf(string name) => new(weights[$"{name}.weight"], weights[$"{name}.bias"]);

        Lora LoraOf(string name) => new(DenseOf(name), weights[$"{name}.lora_A"], weights[$"{name}.lora_B"]);

        Layer LayerOf(int index)
        {
            string at = $"encoder.layer.{index}";
            return new Layer(
                LoraOf($"{at}.attention.self.query"), DenseOf($"{at}.attention.self.key"), LoraOf($"{at}.attention.self.value"),
                DenseOf($"{at}.attention.output.dense"), NormOf($"{at}.attention.output.LayerNorm"),
                DenseOf($"{at}.intermediate.dense"), DenseOf($"{at}.output.dense"), NormOf($"{at}.output.LayerNorm"));
        }
    }

    /// <summary>One training step.</summary>
    /// <returns>The loss.</returns>
    public double Step(DemoStep.Data data)
    {
        using var scope = NewDisposeScope();
        _optimizer.zero_grad();
        Tensor loss = functional.binary_cross_entropy_with_logits(Logits(data), data.Targets);
        loss.backward();
        _optimizer.step();
        return loss.ToDouble();
    }

    private Tensor Logits(DemoStep.Data data)
    {
        Tensor isToken = data.Ids.ne(Pad).to(ScalarType.Int64);
        Tensor embedded = Embed(Rows(_words, data.Ids), isToken.cumsum(1) * isToken + Pad);
        Tensor whole = cat([data.Feature, embedded], 1);
        Tensor hidden = Embed(whole, arange(Pad + 1, Pad + 1 + whole.size(1), ScalarType.Int64).unsqueeze(0));
        Tensor mask = cat([ones_like(data.Mask[.., ..1]), data.Mask], 1).to(ScalarType.Bool).unsqueeze(1).unsqueeze(1); // (B, 1, 1, T)
        for (int i = 0; i < _layers.Length; i++)
            hidden = Encode(_layers[i], hidden, data.Feature, mask, _shortcuts.LastLayerFirstOnly && i == _layers.Length - 1);
        return _headOuter.Of(functional.gelu(_headNorm.Of(_headInner.Of(hidden[.., 0]))));
    }

    private Tensor Embed(Tensor words, Tensor positions) =>
        _embeddingNorm.Of(words + _types[0] + Rows(_positions, positions));

    // The frozen tables get no gradient, so picking rows is all an embedding does. (B, T) → (B, T, d)
    private static Tensor Rows(Tensor table, Tensor ids) => table.index_select(0, ids.flatten()).view(ids.size(0), ids.size(1), Width);

    private Tensor Encode(Layer layer, Tensor x, Tensor feature, Tensor mask, bool firstOnly)
    {
        Tensor residual = firstOnly ? x[.., ..1] : x;
        Tensor q = SplitHeads(layer.Query.Of(residual, feature));
        Tensor k = SplitHeads(layer.Key.Of(x)), v = SplitHeads(layer.Value.Of(x, feature));
        Tensor mixed = _shortcuts.PlainProducts ? Products(q, k, v, mask) : functional.scaled_dot_product_attention(q, k, v, mask);
        mixed = mixed.transpose(1, 2).reshape(x.size(0), -1, Width);
        Tensor hidden = layer.MixedNorm.Of(layer.Mixed.Of(mixed) + residual);
        return layer.OutNorm.Of(layer.Out.Of(functional.gelu(layer.Wide.Of(hidden))) + hidden);
    }

    private static Tensor Products(Tensor q, Tensor k, Tensor v, Tensor mask)
    {
        Tensor scores = matmul(q, k.transpose(2, 3)) / Math.Sqrt(Width / Heads);
        return matmul(functional.softmax(scores.masked_fill(mask.logical_not(), double.NegativeInfinity), -1), v);
    }

    // (B, T, d) → (B, h, T, d/h)
    private static Tensor SplitHeads(Tensor x) => x.view(x.size(0), -1, Heads, Width / Heads).transpose(1, 2);

    /// <summary>What the writer may have thought of beyond the plain formulas.</summary>
    /// <param name="LastLayerFirstOnly">The last layer computes queries and feed-forward for position 0 alone, all that is read.</param>
    /// <param name="PlainProducts">Attention from two matrix products instead of libtorch's kernel.</param>
    public sealed record Shortcuts(bool LastLayerFirstOnly = false, bool PlainProducts = false);

    private sealed record Layer(Lora Query, Dense Key, Lora Value, Dense Mixed, Norm MixedNorm, Dense Wide, Dense Out, Norm OutNorm);

    private sealed record Dense(Parameter Weight, Parameter Bias)
    {
        public Tensor Of(Tensor x) => functional.linear(x, Weight, Bias);
    }

    private sealed record Norm(Parameter Weight, Parameter Bias)
    {
        public Tensor Of(Tensor x) => functional.layer_norm(x, [Weight.size(0)], Weight, Bias, Eps);
    }

    // alpha = r, so the scale is 1; routed by multiply.
    private sealed record Lora(Dense Frozen, Parameter Down, Parameter Up)
    {
        public Tensor Of(Tensor x, Tensor feature) =>
            Frozen.Of(x) + functional.linear(functional.linear(x, Down) * functional.linear(feature, Down), Up);
    }
}
