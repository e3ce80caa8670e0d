using System.Text.Json.Nodes;

namespace VLPeft.Models.T5;

/// <summary>How a T5's feed-forward layers are made.</summary>
public enum T5FeedForwardKind
{
    /// <summary>wo(act(wi x)): v1.0.</summary>
    Plain,

    /// <summary>wo(act(wi_0 x) ∘ wi_1 x): v1.1.</summary>
    Gated,
}

/// <summary>The architecture of a T5, v1.0 or v1.1: the keys of Hugging Face's config.json (model_type "t5") that change what is computed.</summary>
public sealed record T5Config
{
    internal const string ModelType = "t5";

    private const string GatedPrefix = "gated-";

    /// <summary>Number of token ids (vocab_size).</summary>
    public required long VocabularySize { get; init; }

    /// <summary>d (d_model).</summary>
    public required long Width { get; init; }

    /// <summary>e: width of one attention head; d need not be heads · e (d_kv).</summary>
    public required long HeadWidth { get; init; }

    /// <summary>Width of the feed-forward layers (d_ff).</summary>
    public required long Intermediate { get; init; }

    /// <summary>Encoder blocks (num_layers).</summary>
    public required long EncoderLayers { get; init; }

    /// <summary>Decoder blocks (num_decoder_layers; as many as the encoder's where the file has none).</summary>
    public required long DecoderLayers { get; init; }

    /// <summary>h: attention heads (num_heads).</summary>
    public required long Heads { get; init; }

    /// <summary>Kind of the feed-forward layers (feed_forward_proj, before the dash).</summary>
    public T5FeedForwardKind FeedForward { get; init; } = T5FeedForwardKind.Plain;

    /// <summary>Their activation (feed_forward_proj; "gated-gelu" means "gelu_new").</summary>
    public HiddenActivation Activation { get; init; } = HiddenActivation.Relu;

    /// <summary>Whether the word embedding, on hidden states times d^-0.5, is the head, as in v1.0 (tie_word_embeddings).</summary>
    public bool TiedHead { get; init; } = true;

    /// <summary>Buckets of relative positions, even (relative_attention_num_buckets).</summary>
    public long Buckets { get; init; } = 32;

    /// <summary>The distance from which on all share the last bucket (relative_attention_max_distance).</summary>
    public long MaxDistance { get; init; } = 128;

    /// <summary>Epsilon of every LayerNorm (layer_norm_epsilon).</summary>
    public double LayerNormEps { get; init; } = 1e-6;

    /// <summary>Factor on the standard deviations of fresh weights (initializer_factor).</summary>
    public double InitializerFactor { get; init; } = 1;

    /// <summary>Dropout in train mode (dropout_rate, for all of it).</summary>
    public BackboneDropout Dropout { get; init; } = new(0.1, 0.1);

    /// <summary>The token that pads (pad_token_id).</summary>
    public long PaddingId { get; init; }

    /// <summary>The token that ends a text (eos_token_id).</summary>
    public long EndId { get; init; } = 1;

    /// <summary>The token the decoder starts from (decoder_start_token_id; the padding where the file has none).</summary>
    public long StartId { get; init; }

    /// <summary>Width of all heads together, h · e.</summary>
    internal long Inner => Heads * HeadWidth;

    /// <summary>Reads a config.json. Keys that don't change the computation are ignored.</summary>
    /// <param name="json">The file's text.</param>
    /// <param name="source">Its path, for messages.</param>
    /// <exception cref="InvalidInputException">A key is missing, of the wrong kind, or asks for something unsupported.</exception>
    public static T5Config FromJson(string json, string source = "config.json") => Read(ConfigReader.Parse(json, source));

    internal static T5Config Read(ConfigReader reader)
    {
        reader.Require("model_type", ModelType);
        long vocabulary = reader.Size("vocab_size", 32128), layers = reader.Size("num_layers", 6), padding = reader.Index("pad_token_id", 0);
        (T5FeedForwardKind kind, HiddenActivation activation) = ReadFeedForward(reader);
        double dropout = reader.Probability("dropout_rate", 0.1);
        T5Config config = new()
        {
            VocabularySize = vocabulary,
            Width = reader.Size("d_model", 512),
            HeadWidth = reader.Size("d_kv", 64),
            Intermediate = reader.Size("d_ff", 2048),
            EncoderLayers = layers,
            DecoderLayers = reader.Size("num_decoder_layers", layers),
            Heads = reader.Size("num_heads", 8),
            FeedForward = kind,
            Activation = activation,
            TiedHead = reader.Flag("tie_word_embeddings", true),
            Buckets = reader.Size("relative_attention_num_buckets", 32),
            MaxDistance = reader.Size("relative_attention_max_distance", 128),
            LayerNormEps = reader.Positive("layer_norm_epsilon", 1e-6),
            InitializerFactor = reader.Positive("initializer_factor", 1),
            Dropout = new(dropout, dropout),
            PaddingId = padding,
            EndId = reader.Index("eos_token_id", 1),
            StartId = reader.Index("decoder_start_token_id", padding),
        };
        config.Check(reader);
        return config;
    }

    /// <summary>The config.json that <see cref="FromJson"/> and Hugging Face read back.</summary>
    public string ToJson() => new JsonObject
    {
        ["architectures"] = new JsonArray("T5ForConditionalGeneration"),
        ["model_type"] = ModelType,
        ["is_encoder_decoder"] = true,
        ["vocab_size"] = VocabularySize,
        ["d_model"] = Width,
        ["d_kv"] = HeadWidth,
        ["d_ff"] = Intermediate,
        ["num_layers"] = EncoderLayers,
        ["num_decoder_layers"] = DecoderLayers,
        ["num_heads"] = Heads,
        ["feed_forward_proj"] = FeedForwardName,
        ["tie_word_embeddings"] = TiedHead,
        ["relative_attention_num_buckets"] = Buckets,
        ["relative_attention_max_distance"] = MaxDistance,
        ["layer_norm_epsilon"] = LayerNormEps,
        ["initializer_factor"] = InitializerFactor,
        ["dropout_rate"] = Dropout.Hidden,
        ["pad_token_id"] = PaddingId,
        ["eos_token_id"] = EndId,
        ["decoder_start_token_id"] = StartId,
    }.ToJsonString(ConfigReader.Indented) + "\n";

    // To Hugging Face "gated-gelu" is the tanh approximation, whatever "gelu" is elsewhere.
    private string FeedForwardName => (FeedForward, Activation) switch
    {
        (T5FeedForwardKind.Plain, _) => Activation.Name(),
        (_, HiddenActivation.GeluTanh) => GatedPrefix + "gelu",
        _ => GatedPrefix + Activation.Name(),
    };

    private static (T5FeedForwardKind, HiddenActivation) ReadFeedForward(ConfigReader reader)
    {
        const string Key = "feed_forward_proj";
        string text = reader.Text(Key, "relu");
        bool gated = text.StartsWith(GatedPrefix, StringComparison.Ordinal);
        string name = text == "gated-gelu" ? "gelu_new" : gated ? text[GatedPrefix.Length..] : text;
        return HiddenActivations.ByName.TryGetValue(name, out HiddenActivation activation)
            ? (gated ? T5FeedForwardKind.Gated : T5FeedForwardKind.Plain, activation)
            : throw reader.Wrong(Key, $"one of {string.Join(", ", HiddenActivations.ByName.Keys)}, with or without \"{GatedPrefix}\" in front");
    }

    private void Check(ConfigReader reader)
    {
        foreach ((string key, long id) in new[] { ("pad_token_id", PaddingId), ("eos_token_id", EndId), ("decoder_start_token_id", StartId) })
            if (id >= VocabularySize)
                throw reader.Wrong(key, $"below \"vocab_size\" ({VocabularySize})");
        // A quarter of the buckets hold one distance each, in both directions; the logarithm needs one at least, and distances beyond.
        if (Buckets < 4 || Buckets % 4 != 0)
            throw reader.Wrong("relative_attention_num_buckets", "a multiple of 4");
        if (MaxDistance <= Buckets / 2)
            throw reader.Wrong("relative_attention_max_distance", $"above half of \"relative_attention_num_buckets\" ({Buckets})");
    }
}
