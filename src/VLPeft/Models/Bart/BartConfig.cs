using System.Text.Json.Nodes;

namespace VLPeft.Models.Bart;

/// <summary>The architecture of a BART: the keys of Hugging Face's config.json (model_type "bart") that change what is computed.</summary>
public sealed record BartConfig
{
    internal const string ModelType = "bart";

    /// <summary>Number of token ids (vocab_size).</summary>
    public required long VocabularySize { get; init; }

    /// <summary>d, a multiple of the heads (d_model).</summary>
    public required long Width { get; init; }

    /// <summary>Encoder layers (encoder_layers).</summary>
    public required long EncoderLayers { get; init; }

    /// <summary>Decoder layers (decoder_layers).</summary>
    public required long DecoderLayers { get; init; }

    /// <summary>Attention heads of the encoder (encoder_attention_heads).</summary>
    public required long EncoderHeads { get; init; }

    /// <summary>Attention heads of the decoder (decoder_attention_heads).</summary>
    public required long DecoderHeads { get; init; }

    /// <summary>Width of the encoder's feed-forward layers (encoder_ffn_dim).</summary>
    public required long EncoderIntermediate { get; init; }

    /// <summary>Width of the decoder's feed-forward layers (decoder_ffn_dim).</summary>
    public required long DecoderIntermediate { get; init; }

    /// <summary>The largest number of positions (max_position_embeddings).</summary>
    public required long MaxLength { get; init; }

    /// <summary>The token of padding (pad_token_id).</summary>
    public long PaddingId { get; init; } = 1;

    /// <summary>The token that a source starts with (bos_token_id).</summary>
    public long BeginId { get; init; }

    /// <summary>The token that ends a text (eos_token_id).</summary>
    public long EndId { get; init; } = 2;

    /// <summary>The token that a target starts with (decoder_start_token_id).</summary>
    public long StartId { get; init; } = 2;

    /// <summary>Whether word embeddings are multiplied by √d (scale_embedding).</summary>
    public bool ScaleEmbedding { get; init; }

    /// <summary>Activation of the feed-forward layers (activation_function).</summary>
    public HiddenActivation Activation { get; init; } = HiddenActivation.Gelu;

    /// <summary>Standard deviation of fresh weights (init_std).</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Dropout in train mode behind embeddings and layers, and on attention weights (dropout, attention_dropout).</summary>
    public BackboneDropout Dropout { get; init; } = new(0.1, 0);

    /// <summary>Dropout in train mode behind the feed-forward activation (activation_dropout).</summary>
    public double ActivationDropout { get; init; }

    /// <summary>Reads a config.json. Keys that don't change the computation are ignored.</summary>
    /// <param name="json">The file's text.</param>
    /// <param name="source">Its path, for messages.</param>
    /// <exception cref="InvalidInputException">A key is missing, of the wrong kind, or asks for something unsupported.</exception>
    public static BartConfig FromJson(string json, string source = "config.json") => Read(ConfigReader.Parse(json, source));

    internal static BartConfig Read(ConfigReader reader)
    {
        reader.Require("model_type", ModelType);
        if (!reader.Flag("tie_word_embeddings", true))
            throw reader.Wrong("tie_word_embeddings", "true (the other way is not supported)");
        foreach (string key in new[] { "encoder_layerdrop", "decoder_layerdrop" })
            if (reader.Number(key, 0) != 0)
                throw reader.Wrong(key, "0 (layers that are left out at random are not supported)");
        long end = reader.Index("eos_token_id", 2);
        var config = new BartConfig
        {
            VocabularySize = reader.Size("vocab_size"),
            Width = reader.Size("d_model"),
            EncoderLayers = reader.Size("encoder_layers"),
            DecoderLayers = reader.Size("decoder_layers"),
            EncoderHeads = reader.Size("encoder_attention_heads"),
            DecoderHeads = reader.Size("decoder_attention_heads"),
            EncoderIntermediate = reader.Size("encoder_ffn_dim"),
            DecoderIntermediate = reader.Size("decoder_ffn_dim"),
            MaxLength = reader.Size("max_position_embeddings"),
            PaddingId = reader.Index("pad_token_id", 1),
            BeginId = reader.Index("bos_token_id", 0),
            EndId = end,
            StartId = reader.Index("decoder_start_token_id", end),
            ScaleEmbedding = reader.Flag("scale_embedding", false),
            Activation = reader.Activation("activation_function"),
            InitializerRange = reader.Positive("init_std", 0.02),
            Dropout = new BackboneDropout(reader.Probability("dropout", 0.1), reader.Probability("attention_dropout", 0)),
            ActivationDropout = reader.Probability("activation_dropout", 0),
        };
        reader.RequireMultiple("d_model", config.Width, "encoder_attention_heads", config.EncoderHeads);
        reader.RequireMultiple("d_model", config.Width, "decoder_attention_heads", config.DecoderHeads);
        foreach ((string key, long id) in new[] { ("pad_token_id", config.PaddingId), ("eos_token_id", config.EndId), ("decoder_start_token_id", config.StartId) })
            if (id >= config.VocabularySize)
                throw reader.Wrong(key, $"below \"vocab_size\" ({config.VocabularySize})");
        return config;
    }

    /// <summary>A config.json that Hugging Face and this reader understand.</summary>
    public string ToJson() => new JsonObject
    {
        ["architectures"] = new JsonArray("BartForConditionalGeneration"),
        ["model_type"] = ModelType,
        ["vocab_size"] = VocabularySize,
        ["d_model"] = Width,
        ["encoder_layers"] = EncoderLayers,
        ["decoder_layers"] = DecoderLayers,
        ["encoder_attention_heads"] = EncoderHeads,
        ["decoder_attention_heads"] = DecoderHeads,
        ["encoder_ffn_dim"] = EncoderIntermediate,
        ["decoder_ffn_dim"] = DecoderIntermediate,
        ["max_position_embeddings"] = MaxLength,
        ["pad_token_id"] = PaddingId,
        ["bos_token_id"] = BeginId,
        ["eos_token_id"] = EndId,
        ["decoder_start_token_id"] = StartId,
        ["scale_embedding"] = ScaleEmbedding,
        ["activation_function"] = Activation.Name(),
        ["init_std"] = InitializerRange,
        ["dropout"] = Dropout.Hidden,
        ["attention_dropout"] = Dropout.Attention,
        ["activation_dropout"] = ActivationDropout,
        ["is_encoder_decoder"] = true,
    }.ToJsonString(ConfigReader.Indented) + "\n";
}
