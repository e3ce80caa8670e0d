using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Clip;

/// <summary>The layers of a tower, under the name "layers".</summary>
internal sealed class ClipEncoder : Module
{
    private readonly ModuleList<ClipLayer> layers = [];

    public ClipEncoder(ClipTowerConfig config, Device? device) : base(nameof(ClipEncoder))
    {
        for (long i = 0; i < config.Layers; i++)
            layers.Add(new ClipLayer(config, device));
        RegisterComponents();
    }

    /// <param name="hidden">(B, T, d); freed.</param>
    /// <param name="bias">Added to attention scores, (1 or B, 1, T, T); null for none.</param>
    /// <param name="positions"><see cref="OutputPositions.First"/> for position 0 of the last layer alone.</param>
    /// <param name="states">Takes the input and every layer's output, when it is there.</param>
    public Tensor Run(Tensor hidden, Tensor? bias, OutputPositions positions, List<Tensor>? states)
    {
        states?.Add(hidden);
        for (int i = 0; i < layers.Count; i++)
        {
            bool firstOnly = positions == OutputPositions.First && i == layers.Count - 1;
            Tensor next = layers[i].call(hidden, bias, firstOnly);
            if (states is null)
                hidden.Dispose();
            states?.Add(next);
            hidden = next;
        }
        return hidden;
    }
}

/// <summary>h = x + attention(LN(x)); y = h + mlp(LN(h)). With firstOnly: y for position 0.</summary>
internal sealed class ClipLayer : Module<Tensor, Tensor?, bool, Tensor>
{
    private readonly ClipAttention self_attn;
    private readonly LayerNorm layer_norm1;
    private readonly ClipMlp mlp;
    private readonly LayerNorm layer_norm2;

    public ClipLayer(ClipTowerConfig config, Device? device) : base(nameof(ClipLayer))
    {
        self_attn = new ClipAttention(config, device);
        layer_norm1 = LayerNorm(config.Width, config.LayerNormEps, device: device);
        mlp = new ClipMlp(config, device);
        layer_norm2 = LayerNorm(config.Width, config.LayerNormEps, device: device);
        RegisterComponents();
    }

    // (B, T, d) → (B, T, d), or (B, 1, d)
    public override Tensor forward(Tensor x, Tensor? bias, bool firstOnly)
    {
        using var scope = NewDisposeScope();
        Tensor context = layer_norm1.call(x);
        Tensor mixed = self_attn.call(firstOnly ? context.narrow(1, 0, 1) : context, context, bias);
        Tensor hidden = mixed.Plus(firstOnly ? x.narrow(1, 0, 1) : x);
        return scope.MoveToOuter(mlp.call(layer_norm2.call(hidden)).Plus(hidden));
    }
}

internal sealed class ClipAttention : Module<Tensor, Tensor, Tensor?, Tensor>
{
    private readonly Linear k_proj;
    private readonly Linear v_proj;
    private readonly Linear q_proj;
    private readonly Linear out_proj;
    private readonly long heads;
    private readonly double dropout;

    public ClipAttention(ClipTowerConfig config, Device? device) : base(nameof(ClipAttention))
    {
        k_proj = Linear(config.Width, config.Width, device: device);
        v_proj = Linear(config.Width, config.Width, device: device);
        q_proj = Linear(config.Width, config.Width, device: device);
        out_proj = Linear(config.Width, config.Width, device: device);
        (heads, dropout) = (config.Heads, config.AttentionDropout);
        RegisterComponents();
    }

    // Queries from x (B, Q, d), keys and values from context (B, T, d) → (B, Q, d)
    public override Tensor forward(Tensor x, Tensor context, Tensor? bias)
    {
        using var scope = NewDisposeScope();
        Tensor mixed = Attention.Attend(
            q_proj.call(x), k_proj.call(context), v_proj.call(context), heads, bias, training ? dropout : 0);
        return scope.MoveToOuter(out_proj.call(mixed));
    }
}

internal sealed class ClipMlp : Module<Tensor, Tensor>
{
    private readonly Linear fc1;
    private readonly Linear fc2;
    private readonly HiddenActivation activation;

    public ClipMlp(ClipTowerConfig config, Device? device) : base(nameof(ClipMlp))
    {
        fc1 = Linear(config.Width, config.Intermediate, device: device);
        fc2 = Linear(config.Intermediate, config.Width, device: device);
        activation = config.Activation;
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using Tensor wide = fc1.call(x);
        using Tensor active = activation.Apply(wide);
        return fc2.call(active);
    }
}
