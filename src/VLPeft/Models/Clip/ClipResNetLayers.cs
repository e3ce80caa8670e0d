using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Clip;

/// <summary>1×1, 3×3 and 1×1 convolutions with an input on top; where the map is halved, an average does it instead of a stride.</summary>
internal sealed class ClipResNetBlock : Module<Tensor, Tensor>
{
    /// <summary>What leaves has this many times the inner channels.</summary>
    public const long Expansion = 4;

    private readonly Conv2d conv1;
    private readonly FixedBatchNorm bn1;
    private readonly Conv2d conv2;
    private readonly FixedBatchNorm bn2;
    private readonly Conv2d conv3;
    private readonly FixedBatchNorm bn3;
    private readonly Sequential? downsample;
    private readonly long stride;

    public ClipResNetBlock(long inputs, long channels, long stride, double eps, Device? device) : base(nameof(ClipResNetBlock))
    {
        this.stride = stride;
        long outputs = channels * Expansion;
        conv1 = Conv2d(inputs, channels, 1, bias: false, device: device);
        bn1 = new FixedBatchNorm(channels, eps, device);
        conv2 = Conv2d(channels, channels, 3, padding: 1, bias: false, device: device);
        bn2 = new FixedBatchNorm(channels, eps, device);
        conv3 = Conv2d(channels, outputs, 1, bias: false, device: device);
        bn3 = new FixedBatchNorm(outputs, eps, device);
        if (stride > 1 || inputs != outputs)
            downsample = Sequential(("0", Conv2d(inputs, outputs, 1, bias: false, device: device)), ("1", new FixedBatchNorm(outputs, eps, device)));
        RegisterComponents();
    }

    // (B, in, H, W) → (B, out, H / stride, W / stride)
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        Tensor inner = bn2.call(conv2.call(bn1.call(conv1.call(x)).relu_())).relu_();
        Tensor change = bn3.call(conv3.call(Shrink(inner)));
        Tensor kept = downsample is null ? x : downsample.call(Shrink(x));
        return scope.MoveToOuter(change.add_(kept, Scalars.One).relu_());
    }

    private Tensor Shrink(Tensor map) => stride > 1 ? functional.avg_pool2d(map, stride) : map;
}

/// <summary>The mean of all places asks every place, itself included: CLIP's pooled feature. P places, d channels.</summary>
internal sealed class ClipAttentionPool : Module<Tensor, Tensor>
{
    private readonly Parameter positional_embedding;
    private readonly Linear k_proj;
    private readonly Linear q_proj;
    private readonly Linear v_proj;
    private readonly Linear c_proj;
    private readonly long heads;

    public ClipAttentionPool(ClipResNetConfig config, Device? device) : base(nameof(ClipAttentionPool))
    {
        heads = config.Heads;
        positional_embedding = Layers.Bare(zeros(config.MapSide * config.MapSide + 1, config.Channels));
        k_proj = Linear(config.Channels, config.Channels, device: device);
        q_proj = Linear(config.Channels, config.Channels, device: device);
        v_proj = Linear(config.Channels, config.Channels, device: device);
        c_proj = Linear(config.Channels, config.OutputWidth, device: device);
        RegisterComponents();
    }

    public void Initialise()
    {
        using var _ = no_grad();
        init.normal_(positional_embedding, 0, 1 / Math.Sqrt(positional_embedding.shape[1]));
    }

    // (B, d, H, W) → (B, P, d) → with the mean in front (B, 1 + P, d) → (B, output width)
    public override Tensor forward(Tensor map)
    {
        using var scope = NewDisposeScope();
        Tensor places = map.flatten(2).transpose(1, 2);
        Tensor all = cat([places.mean([1], keepdim: true), places], 1).Plus(positional_embedding);
        Tensor mixed = Attention.Attend(q_proj.call(all.narrow(1, 0, 1)), k_proj.call(all), v_proj.call(all), heads, bias: null, dropout: 0);
        return scope.MoveToOuter(c_proj.call(mixed).squeeze(1));
    }
}
