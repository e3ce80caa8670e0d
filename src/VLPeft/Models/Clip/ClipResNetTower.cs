using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Clip;

/// <summary>OpenAI's ModifiedResNet, what its CLIP has under the name "visual".</summary>
internal sealed class ClipResNetTower : Module
{
    private const double BatchNormEps = 1e-5;

    private readonly Conv2d conv1;
    private readonly FixedBatchNorm bn1;
    private readonly Conv2d conv2;
    private readonly FixedBatchNorm bn2;
    private readonly Conv2d conv3;
    private readonly FixedBatchNorm bn3;
    private readonly ModuleList<ClipResNetBlock> layer1;
    private readonly ModuleList<ClipResNetBlock> layer2;
    private readonly ModuleList<ClipResNetBlock> layer3;
    private readonly ModuleList<ClipResNetBlock> layer4;
    private readonly ClipAttentionPool attnpool;

    public ClipResNetTower(ClipResNetConfig config, Device? device) : base(nameof(ClipResNetTower))
    {
        long half = config.Width / 2;
        conv1 = Conv2d(3, half, 3, stride: 2, padding: 1, bias: false, device: device);
        bn1 = new FixedBatchNorm(half, BatchNormEps, device);
        conv2 = Conv2d(half, half, 3, padding: 1, bias: false, device: device);
        bn2 = new FixedBatchNorm(half, BatchNormEps, device);
        conv3 = Conv2d(half, config.Width, 3, padding: 1, bias: false, device: device);
        bn3 = new FixedBatchNorm(config.Width, BatchNormEps, device);
        layer1 = Stage(config, 0, device);
        layer2 = Stage(config, 1, device);
        layer3 = Stage(config, 2, device);
        layer4 = Stage(config, 3, device);
        attnpool = new ClipAttentionPool(config, device);
        RegisterComponents();
    }

    public ScalarType Dtype => conv1.weight!.dtype;

    public void Initialise() => attnpool.Initialise();

    /// <summary>The maps of the four stages of pixels (B, 3, size, size); the last is (B, d, size / 32, size / 32).</summary>
    public Tensor[] Stages(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        Tensor map = bn1.call(conv1.call(pixels)).relu_();
        map = bn2.call(conv2.call(map)).relu_();
        map = functional.avg_pool2d(bn3.call(conv3.call(map)).relu_(), 2);
        var stages = new List<Tensor>();
        foreach (ModuleList<ClipResNetBlock> stage in (ModuleList<ClipResNetBlock>[])[layer1, layer2, layer3, layer4])
        {
            foreach (ClipResNetBlock block in stage)
                map = block.call(map);
            stages.Add(map);
        }
        return [.. stages.Select(scope.MoveToOuter)];
    }

    /// <summary>The attention pooling of the last stage's map: (B, output width).</summary>
    public Tensor Pool(Tensor map) => attnpool.call(map);

    private static ModuleList<ClipResNetBlock> Stage(ClipResNetConfig config, int index, Device? device)
    {
        long channels = config.Width << index, inputs = index == 0 ? config.Width : channels / 2 * ClipResNetBlock.Expansion;
        var blocks = new ModuleList<ClipResNetBlock>();
        for (long i = 0; i < config.Layers[index]; i++)
        {
            blocks.Add(new ClipResNetBlock(inputs, channels, i == 0 && index > 0 ? 2 : 1, BatchNormEps, device));
            inputs = channels * ClipResNetBlock.Expansion;
        }
        return blocks;
    }
}
