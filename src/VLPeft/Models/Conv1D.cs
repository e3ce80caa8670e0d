using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models;

/// <summary>
/// y = x W + b with W (in, out): a linear layer whose weight is stored the other way round, as GPT-2's checkpoints have it. It stays so,
/// which keeps it on the mapped file without a copy.
/// </summary>
/// <remarks>
/// Measured in CPU time of one thread at the sizes of GPT-2 medium: 40 rows take within 10 % of the time of an (out, in) weight in fp32, and up to 17 %
/// more in bf16 (4096 → 1024; the others within 6 %).
/// </remarks>
internal sealed class Conv1D : Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter bias;

    public Conv1D(long inputs, long outputs, Device? device) : base(nameof(Conv1D))
    {
        weight = Layers.Bare(zeros(inputs, outputs, device: device));
        bias = Layers.Bare(zeros(outputs, device: device));
        RegisterComponents();
    }

    public Tensor Weight => weight;

    public Tensor Bias => bias;

    /// <summary>What stands in for weight (out, in) and bias (out) in the next forward: those with a bottleneck folded in.</summary>
    public (Tensor Weight, Tensor Bias)? Folded { get; set; }

    // (…, in) → (…, out)
    public override Tensor forward(Tensor x)
    {
        if (Folded is { } folded)
            return functional.linear(x, folded.Weight, folded.Bias);
        using Tensor rows = weight.t();
        return functional.linear(x, rows, bias);
    }
}
