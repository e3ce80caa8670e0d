using System.Text.Json.Nodes;

namespace VLPeft.Models.Beit;

/// <summary>The architecture of a BEiT: the keys of Hugging Face's config.json (model_type "beit") that change what is computed.</summary>
public sealed record BeitConfig
{
    /// <summary>The config.json's model_type.</summary>
    public const string ModelType = "beit";

    /// <summary>Height and width of the images, pixels; a multiple of <see cref="PatchSize"/> (image_size).</summary>
    public required long ImageSize { get; init; }

    /// <summary>Height and width of a patch, pixels (patch_size).</summary>
    public required long PatchSize { get; init; }

    /// <summary>Colour channels (num_channels).</summary>
    public long Channels { get; init; } = 3;

    /// <summary>d, a multiple of <see cref="Heads"/> (hidden_size).</summary>
    public required long Width { get; init; }

    /// <summary>Transformer layers (num_hidden_layers).</summary>
    public required long Layers { get; init; }

    /// <summary>Attention heads (num_attention_heads).</summary>
    public required long Heads { get; init; }

    /// <summary>Width of the feed-forward layers (intermediate_size).</summary>
    public required long Intermediate { get; init; }

    /// <summary>Activation of the feed-forward layers (hidden_act).</summary>
    public HiddenActivation Activation { get; init; } = HiddenActivation.Gelu;

    /// <summary>Learned absolute positions at the input (use_absolute_position_embeddings).</summary>
    public bool AbsolutePositions { get; init; }

    /// <summary>A table of relative position biases in every layer (use_relative_position_bias).</summary>
    public bool RelativePositions { get; init; }

    /// <summary>One table of relative position biases for all layers (use_shared_relative_position_bias).</summary>
    public bool SharedRelativePositions { get; init; }

    /// <summary>
    /// Whether the pooled feature is LayerNorm(mean of the patches) and the last hidden state stays bare; otherwise a final LayerNorm
    /// follows the layers and the pooled feature is the class token (use_mean_pooling).
    /// </summary>
    public bool MeanPooling { get; init; } = true;

    /// <summary>Initial scale of the residual branches; 0 means that they have no scale (layer_scale_init_value).</summary>
    public double LayerScale { get; init; } = 0.1;

    /// <summary>Epsilon of the layers' LayerNorms and of the pooler's (layer_norm_eps).</summary>
    public double LayerNormEps { get; init; } = 1e-12;

    /// <summary>Standard deviation of fresh weights (initializer_range).</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Dropout in train mode (hidden_dropout_prob, attention_probs_dropout_prob, drop_path_rate).</summary>
    public BackboneDropout Dropout { get; init; } = new(0, 0, 0.1);

    /// <summary>Patches along one side of the image.</summary>
    public long Window => ImageSize / PatchSize;

    /// <summary>V: class token and patches.</summary>
    public long Positions => 1 + Window * Window;

    /// <summary>Reads a config.json. Keys that don't change the computation are ignored.</summary>
    /// <param name="json">The file's text.</param>
    /// <param name="source">Its path, for messages.</param>
    /// <exception cref="InvalidInputException">A key is missing, of the wrong kind, or asks for something unsupported.</exception>
    public static BeitConfig FromJson(string json, string source = "config.json") => Read(ConfigReader.Parse(json, source));

    internal static BeitConfig Read(ConfigReader reader)
    {
        reader.Require("model_type", ModelType);
        BeitConfig config = new()
        {
            ImageSize = reader.Size("image_size"),
            PatchSize = reader.Size("patch_size"),
            Channels = reader.Size("num_channels", 3),
            Width = reader.Size("hidden_size"),
            Layers = reader.Size("num_hidden_layers"),
            Heads = reader.Size("num_attention_heads"),
            Intermediate = reader.Size("intermediate_size"),
            Activation = reader.Activation("hidden_act"),
            AbsolutePositions = reader.Flag("use_absolute_position_embeddings", false),
            RelativePositions = reader.Flag("use_relative_position_bias", false),
            SharedRelativePositions = reader.Flag("use_shared_relative_position_bias", false),
            MeanPooling = reader.Flag("use_mean_pooling", true),
            LayerScale = reader.Number("layer_scale_init_value", 0.1),
            LayerNormEps = reader.Positive("layer_norm_eps", 1e-12),
            InitializerRange = reader.Positive("initializer_range", 0.02),
            Dropout = new(
                reader.Probability("hidden_dropout_prob", 0),
                reader.Probability("attention_probs_dropout_prob", 0),
                reader.Probability("drop_path_rate", 0.1)),
        };
        reader.RequireMultiple("hidden_size", config.Width, "num_attention_heads", config.Heads);
        reader.RequireMultiple("image_size", config.ImageSize, "patch_size", config.PatchSize);
        reader.RequirePositions("image_size", config.Positions);
        return config;
    }

    /// <summary>The config.json that <see cref="FromJson"/> and Hugging Face read back.</summary>
    public string ToJson() => new JsonObject
    {
        ["architectures"] = new JsonArray("BeitModel"),
        ["model_type"] = ModelType,
        ["image_size"] = ImageSize,
        ["patch_size"] = PatchSize,
        ["num_channels"] = Channels,
        ["hidden_size"] = Width,
        ["num_hidden_layers"] = Layers,
        ["num_attention_heads"] = Heads,
        ["intermediate_size"] = Intermediate,
        ["hidden_act"] = Activation.Name(),
        ["use_absolute_position_embeddings"] = AbsolutePositions,
        ["use_relative_position_bias"] = RelativePositions,
        ["use_shared_relative_position_bias"] = SharedRelativePositions,
        ["use_mean_pooling"] = MeanPooling,
        ["layer_scale_init_value"] = LayerScale,
        ["layer_norm_eps"] = LayerNormEps,
        ["initializer_range"] = InitializerRange,
        ["hidden_dropout_prob"] = Dropout.Hidden,
        ["attention_probs_dropout_prob"] = Dropout.Attention,
        ["drop_path_rate"] = Dropout.Path,
    }.ToJsonString(ConfigReader.Indented) + "\n";
}
