using System.Text.Json.Nodes;

namespace VLPeft.Models.Clip;

/// <summary>What both towers of a CLIP are made of: pre-LayerNorm transformer layers.</summary>
/// <param name="Width">d, a multiple of <paramref name="Heads"/> (hidden_size).</param>
/// <param name="Layers">Transformer layers (num_hidden_layers).</param>
/// <param name="Heads">Attention heads (num_attention_heads).</param>
/// <param name="Intermediate">Width of the feed-forward layers (intermediate_size).</param>
/// <param name="Activation">Their activation (hidden_act).</param>
/// <param name="LayerNormEps">Epsilon of every LayerNorm (layer_norm_eps).</param>
/// <param name="AttentionDropout">Dropout on attention weights in train mode (attention_dropout).</param>
internal sealed record ClipTowerConfig(
    long Width, long Layers, long Heads, long Intermediate, HiddenActivation Activation, double LayerNormEps = 1e-5, double AttentionDropout = 0)
{
    public static ClipTowerConfig Read(ConfigReader reader)
    {
        ClipTowerConfig tower = new(
            reader.Size("hidden_size"),
            reader.Size("num_hidden_layers"),
            reader.Size("num_attention_heads"),
            reader.Size("intermediate_size"),
            reader.Has("hidden_act") ? reader.Activation("hidden_act") : HiddenActivation.QuickGelu,
            reader.Positive("layer_norm_eps", 1e-5),
            reader.Probability("attention_dropout", 0));
        reader.RequireMultiple("hidden_size", tower.Width, "num_attention_heads", tower.Heads);
        return tower;
    }

    public void Write(JsonObject json)
    {
        json["hidden_size"] = Width;
        json["num_hidden_layers"] = Layers;
        json["num_attention_heads"] = Heads;
        json["intermediate_size"] = Intermediate;
        json["hidden_act"] = Activation.Name();
        json["layer_norm_eps"] = LayerNormEps;
        json["attention_dropout"] = AttentionDropout;
    }
}

/// <summary>The vision tower: the keys of a config.json of model_type "clip_vision_model", or of a CLIP's vision_config.</summary>
internal sealed record ClipVisionConfig
{
    public const string ModelType = "clip_vision_model";

    /// <summary>Its layers.</summary>
    public required ClipTowerConfig Tower { get; init; }

    /// <summary>Height and width of the images, pixels; a multiple of <see cref="PatchSize"/> (image_size).</summary>
    public required long ImageSize { get; init; }

    /// <summary>Height and width of a patch, pixels (patch_size).</summary>
    public required long PatchSize { get; init; }

    /// <summary>Colour channels (num_channels).</summary>
    public long Channels { get; init; } = 3;

    /// <summary>V: class token and patches.</summary>
    public long Positions => 1 + ImageSize / PatchSize * (ImageSize / PatchSize);

    /// <summary>Reads a config.json of this type, or the vision_config of a whole CLIP.</summary>
    public static ClipVisionConfig Read(ConfigReader reader)
    {
        if (reader.Text("model_type", ModelType) == ClipConfig.ModelType)
            return ReadKeys(reader.Section("vision_config"));
        reader.Require("model_type", ModelType);
        return ReadKeys(reader);
    }

    public JsonObject ToJson()
    {
        JsonObject json = new()
        {
            ["architectures"] = new JsonArray("CLIPVisionModel"),
            ["model_type"] = ModelType,
            ["image_size"] = ImageSize,
            ["patch_size"] = PatchSize,
            ["num_channels"] = Channels,
        };
        Tower.Write(json);
        return json;
    }

    private static ClipVisionConfig ReadKeys(ConfigReader reader)
    {
        ClipVisionConfig config = new()
        {
            Tower = ClipTowerConfig.Read(reader),
            ImageSize = reader.Size("image_size"),
            PatchSize = reader.Size("patch_size"),
            Channels = reader.Size("num_channels", 3),
        };
        reader.RequireMultiple("image_size", config.ImageSize, "patch_size", config.PatchSize);
        reader.RequirePositions("image_size", config.Positions);
        return config;
    }
}

/// <summary>The text tower: the keys of a CLIP's text_config.</summary>
internal sealed record ClipTextConfig
{
    // What the first published configurations say, whatever their tokenizer's end token is.
    private const long LegacyEnd = 2;

    /// <summary>Its layers.</summary>
    public required ClipTowerConfig Tower { get; init; }

    /// <summary>Token ids are 0 … size − 1 (vocab_size).</summary>
    public required long VocabularySize { get; init; }

    /// <summary>The largest T (max_position_embeddings).</summary>
    public required long MaxLength { get; init; }

    /// <summary>The id whose first place is pooled; null for the place of the largest id (eos_token_id; 2 is such a configuration).</summary>
    public long? EndId { get; init; }

    /// <summary>The id that pads texts (pad_token_id).</summary>
    public long PadId { get; init; } = 1;

    public static ClipTextConfig Read(ConfigReader reader)
    {
        long end = reader.Index("eos_token_id", LegacyEnd);
        return new()
        {
            Tower = ClipTowerConfig.Read(reader),
            VocabularySize = reader.Size("vocab_size"),
            MaxLength = reader.Size("max_position_embeddings"),
            EndId = end == LegacyEnd ? null : end,
            PadId = reader.Index("pad_token_id", 1),
        };
    }

    public JsonObject ToJson()
    {
        JsonObject json = new()
        {
            ["model_type"] = "clip_text_model",
            ["vocab_size"] = VocabularySize,
            ["max_position_embeddings"] = MaxLength,
            ["eos_token_id"] = EndId == LegacyEnd
                ? throw new InvalidOperationException($"An end token of {LegacyEnd} can't be written: it would be read as the largest id.")
                : EndId ?? LegacyEnd,
            ["pad_token_id"] = PadId,
        };
        Tower.Write(json);
        return json;
    }
}

/// <summary>The architecture of a CLIP: the keys of Hugging Face's config.json (model_type "clip") that change what is computed.</summary>
internal sealed record ClipConfig
{
    public const string ModelType = "clip";

    /// <summary>The text tower (text_config).</summary>
    public required ClipTextConfig Text { get; init; }

    /// <summary>The vision tower (vision_config).</summary>
    public required ClipVisionConfig Vision { get; init; }

    /// <summary>p: width of the space that both are projected to (projection_dim).</summary>
    public required long ProjectionWidth { get; init; }

    /// <summary>The logarithm of the factor of similarities at the start (logit_scale_init_value).</summary>
    public double LogitScale { get; init; } = 2.6592;

    public static ClipConfig Read(ConfigReader reader)
    {
        reader.Require("model_type", ModelType);
        return new()
        {
            Text = ClipTextConfig.Read(reader.Section("text_config")),
            Vision = ClipVisionConfig.Read(reader),
            ProjectionWidth = reader.Size("projection_dim"),
            LogitScale = reader.Number("logit_scale_init_value", 2.6592),
        };
    }

    public string ToJson()
    {
        JsonObject vision = Vision.ToJson(), text = Text.ToJson();
        vision.Remove("architectures");
        return new JsonObject
        {
            ["architectures"] = new JsonArray("CLIPModel"),
            ["model_type"] = ModelType,
            ["projection_dim"] = ProjectionWidth,
            ["logit_scale_init_value"] = LogitScale,
            ["text_config"] = text,
            ["vision_config"] = vision,
        }.ToJsonString(ConfigReader.Indented) + "\n";
    }
}
