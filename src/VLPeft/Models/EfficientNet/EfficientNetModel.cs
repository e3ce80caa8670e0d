using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Checkpoints;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.EfficientNet;

/// <summary>
/// EfficientNet-Lite (Tan and Le, ICML 2019, in the form without squeeze-and-excitation for small devices): an encoder that is no
/// transformer. Its tokens are the places of the last map, in rows from the top; its pooled feature is their mean. Parameters carry the names
/// of the PyTorch ports. B batch, V = map side², d channels of the last map.
/// </summary>
internal sealed class EfficientNetModel : Module<Tensor, VisionOutput>, IVisionEncoder
{
    private readonly Conv2d _conv_stem;
    private readonly FixedBatchNorm _bn0;
    private readonly ModuleList<EfficientNetBlock> _blocks = [];
    private readonly Conv2d _conv_head;
    private readonly FixedBatchNorm _bn1;
    private readonly Linear _fc;

    /// <summary>A model with fresh weights: He's normal initialisation of convolutions and classifier, biases 0.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="pooler">Whether the pooled feature is computed.</param>
    /// <param name="device">Where the weights live; on META nothing is initialised, and a loader must replace them.</param>
    public EfficientNetModel(EfficientNetConfig config, bool pooler = true, Device? device = null) : base(nameof(EfficientNetModel))
    {
        (Config, HasPooler) = (config, pooler);
        (long kernel, long stride, double eps) = (config.StemKernel, config.StemStride, config.BatchNormEps);
        _conv_stem = Conv2d(Channels, config.StemChannels, kernel, stride, TensorFlowPadding.Symmetric(kernel, stride), bias: false, device: device);
        _bn0 = new FixedBatchNorm(config.StemChannels, eps, device);
        foreach (EfficientNetBlockConfig block in config.Blocks)
            _blocks.Add(new EfficientNetBlock(block, eps, device));
        long last = config.Blocks is [.., var block1] ? block1.Outputs : config.StemChannels;
        _conv_head = Conv2d(last, config.Width, 1, bias: false, device: device);
        _bn1 = new FixedBatchNorm(config.Width, eps, device);
        _fc = Linear(config.Width, config.Classes, device: device);
        RegisterComponents();
        if (Layers.IsMeta(device))
            return;
        Layers.InitialiseConvolutions(this);
        if (device is not null)
            this.to(device);
    }

    /// <summary>The architecture.</summary>
    public EfficientNetConfig Config { get; }

    /// <inheritdoc/>
    public long Width => Config.Width;

    /// <inheritdoc/>
    public long ImageSize => Config.ImageSize;

    /// <inheritdoc/>
    public long Channels => 3;

    /// <inheritdoc/>
    public long Positions => Config.MapSide * Config.MapSide;

    /// <inheritdoc/>
    public bool HasPooler { get; }

    /// <inheritdoc/>
    public string ConfigJson => Config.ToJson();

    /// <inheritdoc/>
    public nn.Module Module => this;

    /// <summary>The last map's places and the pooled feature of pixels (B, 3, size, size).</summary>
    public override VisionOutput forward(Tensor pixelValues) => Encode(pixelValues);

    /// <inheritdoc/>
    public VisionOutput Encode(Tensor pixelValues, OutputPositions positions = OutputPositions.All, bool hiddenStates = false)
    {
        Layers.Expect(pixelValues, "pixel values", "(B, channels, height, width)", -1, Channels, ImageSize, ImageSize);
        Layers.ExpectType(pixelValues, "pixel values", _conv_stem.weight!);
        using var scope = NewDisposeScope();
        List<Tensor>? states = hiddenStates ? [] : null;
        Tensor last = _bn1.call(_conv_head.call(Run(pixelValues, states))).relu6_();
        Tensor[] tokens = states is null ? [] : [.. states.Select(Tokens)];
        scope.MoveToOuter(tokens);
        return new VisionOutput(
            scope.MoveToOuter(Tokens(last)), HasPooler ? scope.MoveToOuter(last.mean([2, 3])) : null, states is null ? null : tokens);
    }

    /// <summary>The classifier: pooled features (B, d) → logits (B, classes).</summary>
    public Tensor Classify(Tensor pooled)
    {
        Layers.Expect(pooled, "pooled features", "(B, d)", -1, Width);
        return _fc.call(pooled);
    }

    /// <summary>Loads a folder: config.json and model.safetensors. Frozen, in eval mode.</summary>
    /// <exception cref="InvalidInputException">The folder's configuration is not supported, or its weights don't fit it.</exception>
    public static EfficientNetModel FromFolder(string folder, BackboneOptions? options = null)
    {
        options ??= new BackboneOptions();
        EfficientNetConfig config = EfficientNetConfig.Read(ConfigReader.OpenFolder(folder));
        bool pooler = options.Pooler != PoolerSource.None;
        if (options.Weights == BackboneWeights.Random)
            return new EfficientNetModel(config, pooler);
        EfficientNetModel model = new(config, pooler, META);
        if (options.Weights == BackboneWeights.ShapesOnly)
            return model;
        using CheckpointFolder source = CheckpointFolder.Open(folder);
        StateDictLoader.Load(model, source, new LoadOptions { Ignore = ["*num_batches_tracked"] });
        model.eval();
        return model;
    }

    // (B, 3, H, W) → the last block's map; a map is freed once the next one is there.
    private Tensor Run(Tensor pixels, List<Tensor>? states)
    {
        using Tensor wide = _conv_stem.call(TensorFlowPadding.Pad(pixels, Config.StemKernel, Config.StemStride));
        Tensor map = _bn0.call(wide).relu6_();
        states?.Add(map);
        foreach (EfficientNetBlock block in _blocks)
        {
            Tensor next = block.call(map);
            if (states is null)
                map.Dispose();
            states?.Add(next);
            map = next;
        }
        return map;
    }

    // (B, C, H, W) → (B, C, H·W) → (B, H·W, C)
    private static Tensor Tokens(Tensor map) => map.flatten(2).transpose(1, 2);
}
