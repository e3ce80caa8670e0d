using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace VLPeft.Models.Clip;

/// <summary>
/// The architecture of a CLIP ResNet, which Hugging Face has no configuration for: OpenAI's arguments as keys of a config.json with the
/// model_type "clip_resnet". RN50 is layers [3, 4, 6, 3], width 64, heads 32, output_dim 1024; RN101 [3, 4, 23, 3], 64, 32, 512; RN50x4
/// [4, 6, 10, 6], 80, 40, 640 at 288 pixels; RN50x16 [6, 8, 18, 8], 96, 48, 768 at 384.
/// </summary>
internal sealed record ClipResNetConfig
{
    public const string ModelType = "clip_resnet";

    // What the stem, three strides of 2 behind it and nothing else make of a picture's side.
    private const long Reduction = 32;

    /// <summary>Bottlenecks of the four stages (layers).</summary>
    public required ImmutableArray<long> Layers { get; init; }

    /// <summary>Channels of the first stage's bottlenecks, even (width).</summary>
    public required long Width { get; init; }

    /// <summary>Heads of the attention pooling (heads).</summary>
    public required long Heads { get; init; }

    /// <summary>Width of what the attention pooling gives (output_dim).</summary>
    public required long OutputWidth { get; init; }

    /// <summary>Height and width of the pictures, pixels; a multiple of 32 (input_resolution).</summary>
    public required long ImageSize { get; init; }

    /// <summary>The map is average-pooled to this side, 6 as in VL-Adapter when it is left out: its places are the tokens (grid).</summary>
    public long Grid { get; init; } = 6;

    /// <summary>d: channels of the last map, 2,048 for RN50 and RN101.</summary>
    public long Channels => Width * 32;

    /// <summary>Side of the last map.</summary>
    public long MapSide => ImageSize / Reduction;

    /// <summary>Reads a config.json; one without a model_type is taken for this one.</summary>
    /// <exception cref="InvalidInputException">A key is missing, of the wrong kind, or asks for something unsupported.</exception>
    public static ClipResNetConfig Read(ConfigReader reader)
    {
        reader.Require("model_type", ModelType, ModelType);
        ClipResNetConfig config = new()
        {
            Layers = [.. reader.Sizes("layers", 4)],
            Width = reader.Size("width"),
            Heads = reader.Size("heads"),
            OutputWidth = reader.Size("output_dim"),
            ImageSize = reader.Size("input_resolution"),
            Grid = reader.Size("grid", 6),
        };
        reader.RequireMultiple("width", config.Width, "the stem's halving", 2);
        reader.RequireMultiple("32 × width", config.Channels, "heads", config.Heads);
        reader.RequireMultiple("input_resolution", config.ImageSize, "the strides", Reduction);
        reader.RequirePositions("input_resolution", config.MapSide * config.MapSide);
        reader.RequirePositions("grid", config.Grid * config.Grid);
        return config;
    }

    /// <summary>The config.json that <see cref="Read"/> reads back.</summary>
    public string ToJson() => new JsonObject
    {
        ["model_type"] = ModelType,
        ["layers"] = new JsonArray([.. Layers.Select(n => JsonValue.Create(n))]),
        ["width"] = Width,
        ["heads"] = Heads,
        ["output_dim"] = OutputWidth,
        ["input_resolution"] = ImageSize,
        ["grid"] = Grid,
    }.ToJsonString(ConfigReader.Indented) + "\n";
}
