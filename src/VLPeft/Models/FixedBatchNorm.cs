using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VLPeft.Models;

/// <summary>
/// Batch normalisation by the statistics of the checkpoint, in train mode too: a pre-trained network that is frozen, or fine-tuned in small
/// batches, must not drift with them. (B, C, H, W) → same shape.
/// </summary>
internal sealed class FixedBatchNorm : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter bias;
    private readonly Tensor running_mean;
    private readonly Tensor running_var;
    private readonly double eps;

    public FixedBatchNorm(long channels, double eps, Device? device) : base(nameof(FixedBatchNorm))
    {
        this.eps = eps;
        weight = Layers.Bare(ones(channels, device: device));
        bias = Layers.Bare(zeros(channels, device: device));
        running_mean = zeros(channels, device: device).DetachFromDisposeScope();
        running_var = ones(channels, device: device).DetachFromDisposeScope();
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) =>
        nn.functional.batch_norm(x, running_mean, running_var, weight, bias, training: false, eps: eps);
}
