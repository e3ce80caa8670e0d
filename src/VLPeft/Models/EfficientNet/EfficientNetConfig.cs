using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace VLPeft.Models.EfficientNet;

/// <summary>One inverted bottleneck: expand 1×1, depthwise k×k, project 1×1.</summary>
/// <param name="Kernel">Side of the depthwise kernel, odd (kernel).</param>
/// <param name="Stride">Its stride (stride).</param>
/// <param name="Expand">Channels are multiplied by this before it; 1 for no expansion (expand).</param>
/// <param name="Inputs">Channels that enter (in).</param>
/// <param name="Outputs">Channels that leave (out).</param>
/// <param name="Skip">Whether the input is added to the output (skip).</param>
internal sealed record EfficientNetBlockConfig(long Kernel, long Stride, long Expand, long Inputs, long Outputs, bool Skip);

/// <summary>The architecture of an EfficientNet-Lite: the keys of its config.json that change what is computed.</summary>
internal sealed record EfficientNetConfig
{
    public const string ModelType = "efficientnet-lite0";

    // What a config.json may say that only one way of computing is there for.
    private static readonly (string Key, string Value)[] Fixed = [("activation", "relu6"), ("padding", "tensorflow-same")];

    /// <summary>Height and width of the pictures, pixels (image_size).</summary>
    public required long ImageSize { get; init; }

    /// <summary>Classes of the classifier (num_classes).</summary>
    public required long Classes { get; init; }

    /// <summary>Channels of the last map, which is the pooled feature's width (feature_size).</summary>
    public required long Width { get; init; }

    /// <summary>Side of the first convolution's kernel, odd (stem.kernel).</summary>
    public required long StemKernel { get; init; }

    /// <summary>Its stride (stem.stride).</summary>
    public required long StemStride { get; init; }

    /// <summary>Its output channels (stem.out).</summary>
    public required long StemChannels { get; init; }

    /// <summary>The blocks in their order (blocks).</summary>
    public required ImmutableArray<EfficientNetBlockConfig> Blocks { get; init; }

    /// <summary>Epsilon of every batch normalisation (batch_norm_eps).</summary>
    public double BatchNormEps { get; init; } = 1e-3;

    /// <summary>Side of the last map: a convolution of stride s leaves a side of n at ⌈n / s⌉.</summary>
    public long MapSide => Blocks.Aggregate(TensorFlowPadding.Steps(ImageSize, StemStride), (side, block) => TensorFlowPadding.Steps(side, block.Stride));

    /// <summary>Reads a config.json.</summary>
    /// <exception cref="InvalidInputException">A key is missing, of the wrong kind, or asks for something unsupported.</exception>
    public static EfficientNetConfig Read(ConfigReader reader)
    {
        reader.Require("model_type", ModelType);
        foreach ((string key, string value) in Fixed)
            reader.Require(key, value, value);
        reader.RequireOff("squeeze_excite");
        ConfigReader stem = reader.Section("stem");
        EfficientNetConfig config = new()
        {
            ImageSize = reader.Size("image_size"),
            Classes = reader.Size("num_classes"),
            Width = reader.Size("feature_size"),
            StemKernel = Kernel(stem),
            StemStride = stem.Size("stride"),
            StemChannels = stem.Size("out"),
            Blocks = [.. reader.Sections("blocks").Select(ReadBlock)],
            BatchNormEps = reader.Positive("batch_norm_eps", 1e-3),
        };
        long channels = config.StemChannels;
        foreach ((ConfigReader block, EfficientNetBlockConfig read) in reader.Sections("blocks").Zip(config.Blocks))
        {
            if (read.Inputs != channels)
                throw block.Wrong("in", $"{channels}, the channels of what comes before");
            channels = read.Outputs;
        }
        return config;
    }

    /// <summary>The config.json that <see cref="Read"/> reads back.</summary>
    public string ToJson() => new JsonObject
    {
        ["model_type"] = ModelType,
        ["image_size"] = ImageSize,
        ["num_classes"] = Classes,
        ["feature_size"] = Width,
        ["activation"] = "relu6",
        ["batch_norm_eps"] = BatchNormEps,
        ["squeeze_excite"] = false,
        ["padding"] = "tensorflow-same",
        ["stem"] = new JsonObject { ["kernel"] = StemKernel, ["stride"] = StemStride, ["out"] = StemChannels },
        ["blocks"] = new JsonArray([.. Blocks.Select(block => new JsonObject
        {
            ["kernel"] = block.Kernel,
            ["stride"] = block.Stride,
            ["expand"] = block.Expand,
            ["in"] = block.Inputs,
            ["out"] = block.Outputs,
            ["skip"] = block.Skip,
        })]),
    }.ToJsonString(ConfigReader.Indented) + "\n";

    private static EfficientNetBlockConfig ReadBlock(ConfigReader block)
    {
        var read = new EfficientNetBlockConfig(
            Kernel(block), block.Size("stride"), block.Size("expand"), block.Size("in"), block.Size("out"), block.Flag("skip", false));
        return !read.Skip || (read.Stride == 1 && read.Inputs == read.Outputs) ? read
            : throw block.Wrong("skip", "false where the stride is not 1 or the channels change");
    }

    private static long Kernel(ConfigReader section) =>
        section.Size("kernel") is var side && side % 2 == 1 ? side : throw section.Wrong("kernel", "odd");
}
