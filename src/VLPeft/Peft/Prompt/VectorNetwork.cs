using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>W₂ tanh(W₁ e + b₁) + b₂: trained vectors that go through a network train more steadily (Li and Liang, 2021).</summary>
internal sealed class VectorNetwork : nn.Module<Tensor, Tensor>
{
    private readonly VectorLayer inner;
    private readonly VectorLayer outer;

    public VectorNetwork(long width, long innerWidth, long outputs, Func<Tensor, Parameter> own)
        : this(new VectorLayer(width, innerWidth, own), new VectorLayer(innerWidth, outputs, own)) { }

    /// <summary>A network whose first layer may belong to others too.</summary>
    public VectorNetwork(VectorLayer inner, VectorLayer outer) : base(nameof(VectorNetwork))
    {
        (this.inner, this.outer) = (inner, outer);
        RegisterComponents();
    }

    // (P, d) → (P, outputs)
    public override Tensor forward(Tensor vectors) => outer.call(inner.call(vectors).tanh());

    public static void Validate(long length, long? innerWidth)
    {
        if (length < 1)
            throw new InvalidInputException($"length: expected at least 1 vector, got {length}.");
        if (innerWidth < 1)
            throw new InvalidInputException($"reparametrization: expected an inner width of at least 1, got {innerWidth}.");
    }

    public static string Describe(long? innerWidth) => innerWidth is null ? "" : $" through a network {innerWidth} wide";
}

/// <summary>A linear layer, started as torch starts one.</summary>
internal sealed class VectorLayer : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter bias;

    public VectorLayer(long inputs, long outputs, Func<Tensor, Parameter> own) : base(nameof(VectorLayer))
    {
        using Parameter freshWeight = BottleneckEntry.Linear.FreshWeight(outputs, inputs), freshBias = BottleneckEntry.Linear.FreshBias(outputs, inputs);
        (weight, bias) = (own(freshWeight.clone()), own(freshBias.clone()));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => nn.functional.linear(x, weight, bias);
}
