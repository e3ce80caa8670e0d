using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.EfficientNet;

/// <summary>relu6(BN(1×1)) unless nothing is expanded, relu6(BN(depthwise)), BN(1×1) without an activation, and the input on top.</summary>
internal sealed class EfficientNetBlock : Module<Tensor, Tensor>
{
    private readonly Conv2d? _expand_conv;
    private readonly FixedBatchNorm? _bn0;
    private readonly Conv2d _depthwise_conv;
    private readonly FixedBatchNorm _bn1;
    private readonly Conv2d _project_conv;
    private readonly FixedBatchNorm _bn2;
    private readonly EfficientNetBlockConfig config;

    public EfficientNetBlock(EfficientNetBlockConfig config, double eps, Device? device) : base(nameof(EfficientNetBlock))
    {
        this.config = config;
        (long kernel, long stride, long wide) = (config.Kernel, config.Stride, config.Inputs * config.Expand);
        if (config.Expand > 1)
        {
            _expand_conv = Conv2d(config.Inputs, wide, 1, bias: false, device: device);
            _bn0 = new FixedBatchNorm(wide, eps, device);
        }
        _depthwise_conv = Conv2d(wide, wide, kernel, stride, TensorFlowPadding.Symmetric(kernel, stride), groups: wide, bias: false, device: device);
        _bn1 = new FixedBatchNorm(wide, eps, device);
        _project_conv = Conv2d(wide, config.Outputs, 1, bias: false, device: device);
        _bn2 = new FixedBatchNorm(config.Outputs, eps, device);
        RegisterComponents();
    }

    // (B, in, H, W) → (B, out, ⌈H / s⌉, ⌈W / s⌉)
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        Tensor wide = x;
        if (_expand_conv is not null)
        {
            using Tensor expanded = _expand_conv.call(x);
            wide = _bn0!.call(expanded).relu6_();
        }
        Tensor spread = _bn1.call(_depthwise_conv.call(TensorFlowPadding.Pad(wide, config.Kernel, config.Stride))).relu6_();
        Tensor narrow = _bn2.call(_project_conv.call(spread));
        return scope.MoveToOuter(config.Skip ? narrow.Plus(x) : narrow);
    }
}
