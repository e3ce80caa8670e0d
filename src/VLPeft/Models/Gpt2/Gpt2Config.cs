using System.Text.Json.Nodes;

namespace VLPeft.Models.Gpt2;

/// <summary>The architecture of a GPT-2: the keys of Hugging Face's config.json (model_type "gpt2") that change what is computed.</summary>
public sealed record Gpt2Config
{
    internal const string ModelType = "gpt2";

    /// <summary>Number of token ids (vocab_size).</summary>
    public required long VocabularySize { get; init; }

    /// <summary>d, a multiple of <see cref="Heads"/> (n_embd).</summary>
    public required long Width { get; init; }

    /// <summary>Transformer blocks (n_layer).</summary>
    public required long Layers { get; init; }

    /// <summary>Attention heads (n_head).</summary>
    public required long Heads { get; init; }

    /// <summary>Width of the feed-forward layers (n_inner; 4 d where the file has none).</summary>
    public required long Intermediate { get; init; }

    /// <summary>The largest number of positions (n_positions).</summary>
    public required long MaxLength { get; init; }

    /// <summary>The token that ends a text (eos_token_id).</summary>
    public required long EndId { get; init; }

    /// <summary>Activation of the feed-forward layers (activation_function).</summary>
    public HiddenActivation Activation { get; init; } = HiddenActivation.GeluTanh;

    /// <summary>Epsilon of every LayerNorm (layer_norm_epsilon).</summary>
    public double LayerNormEps { get; init; } = 1e-5;

    /// <summary>Standard deviation of fresh weights (initializer_range).</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Dropout in train mode on embeddings (embd_pdrop).</summary>
    public double EmbeddingDropout { get; init; } = 0.1;

    /// <summary>Dropout in train mode in the blocks (resid_pdrop, attn_pdrop).</summary>
    public BackboneDropout Dropout { get; init; } = new(0.1, 0.1);

    /// <summary>Reads a config.json. Keys that don't change the computation are ignored.</summary>
    /// <param name="json">The file's text.</param>
    /// <param name="source">Its path, for messages.</param>
    /// <exception cref="InvalidInputException">A key is missing, of the wrong kind, or asks for something unsupported.</exception>
    public static Gpt2Config FromJson(string json, string source = "config.json") => Read(ConfigReader.Parse(json, source));

    internal static Gpt2Config Read(ConfigReader reader)
    {
        reader.Require("model_type", ModelType);
        reader.RequireOff("add_cross_attention");
        reader.RequireOff("scale_attn_by_inverse_layer_idx");
        reader.RequireOff("reorder_and_upcast_attn");
        foreach (string key in new[] { "scale_attn_weights", "tie_word_embeddings" })
            if (!reader.Flag(key, true))
                throw reader.Wrong(key, "true (the other way is not supported)");
        long width = reader.Size("n_embd", 768), vocabulary = reader.Size("vocab_size", 50257);
        Gpt2Config config = new()
        {
            VocabularySize = vocabulary,
            Width = width,
            Layers = reader.Size("n_layer", 12),
            Heads = reader.Size("n_head", 12),
            Intermediate = reader.Size("n_inner", 4 * width),
            MaxLength = reader.Size("n_positions", 1024),
            EndId = reader.Index("eos_token_id", vocabulary - 1),
            Activation = reader.Activation("activation_function"),
            LayerNormEps = reader.Positive("layer_norm_epsilon", 1e-5),
            InitializerRange = reader.Positive("initializer_range", 0.02),
            EmbeddingDropout = reader.Probability("embd_pdrop", 0.1),
            Dropout = new(reader.Probability("resid_pdrop", 0.1), reader.Probability("attn_pdrop", 0.1)),
        };
        reader.RequireMultiple("n_embd", config.Width, "n_head", config.Heads);
        return config.EndId < vocabulary ? config : throw reader.Wrong("eos_token_id", $"below \"vocab_size\" ({vocabulary})");
    }

    /// <summary>The config.json that <see cref="FromJson"/> and Hugging Face read back.</summary>
    public string ToJson() => new JsonObject
    {
        ["architectures"] = new JsonArray("GPT2LMHeadModel"),
        ["model_type"] = ModelType,
        ["vocab_size"] = VocabularySize,
        ["n_embd"] = Width,
        ["n_layer"] = Layers,
        ["n_head"] = Heads,
        ["n_inner"] = Intermediate,
        ["n_positions"] = MaxLength,
        ["bos_token_id"] = EndId,
        ["eos_token_id"] = EndId,
        ["activation_function"] = Activation.Name(),
        ["layer_norm_epsilon"] = LayerNormEps,
        ["initializer_range"] = InitializerRange,
        ["embd_pdrop"] = EmbeddingDropout,
        ["resid_pdrop"] = Dropout.Hidden,
        ["attn_pdrop"] = Dropout.Attention,
    }.ToJsonString(ConfigReader.Indented) + "\n";
}
