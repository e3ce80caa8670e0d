using System.Text.Json.Nodes;

namespace VLPeft.Models.Bert;

/// <summary>The members of the family; they differ in how positions are numbered.</summary>
public enum BertKind
{
    /// <summary>Positions 0, 1, 2, … (model_type "bert").</summary>
    Bert,

    /// <summary>Positions padding id + 1, + 2, … over tokens that are no padding (model_type "roberta").</summary>
    Roberta,
}

/// <summary>
/// The architecture of a BERT or RoBERTa: the keys of Hugging Face's config.json (model_type "bert" or "roberta") that change what is
/// computed.
/// </summary>
public sealed record BertFamilyConfig
{
    /// <summary>Which of the family (model_type).</summary>
    public required BertKind Kind { get; init; }

    /// <summary>Number of token ids (vocab_size).</summary>
    public required long VocabularySize { get; init; }

    /// <summary>d, a multiple of <see cref="Heads"/> (hidden_size).</summary>
    public required long Width { get; init; }

    /// <summary>Transformer layers (num_hidden_layers).</summary>
    public required long Layers { get; init; }

    /// <summary>Attention heads (num_attention_heads).</summary>
    public required long Heads { get; init; }

    /// <summary>Width of the feed-forward layers (intermediate_size).</summary>
    public required long Intermediate { get; init; }

    /// <summary>Rows of the position table (max_position_embeddings); RoBERTa uses those after <see cref="PadId"/>.</summary>
    public required long PositionRows { get; init; }

    /// <summary>Rows of the token type table (type_vocab_size).</summary>
    public long TokenTypes { get; init; } = 2;

    /// <summary>The padding token's id (pad_token_id); its word embedding gets no gradient.</summary>
    public required long PadId { get; init; }

    /// <summary>Activation of the feed-forward layers (hidden_act).</summary>
    public HiddenActivation Activation { get; init; } = HiddenActivation.Gelu;

    /// <summary>Epsilon of every LayerNorm (layer_norm_eps).</summary>
    public double LayerNormEps { get; init; } = 1e-12;

    /// <summary>Standard deviation of fresh weights (initializer_range).</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Dropout in train mode (hidden_dropout_prob, attention_probs_dropout_prob).</summary>
    public BackboneDropout Dropout { get; init; } = new(0.1, 0.1);

    /// <summary>The position of the first token.</summary>
    public long FirstPosition => Kind == BertKind.Roberta ? PadId + 1 : 0;

    /// <summary>The largest number of tokens.</summary>
    public long MaxLength => PositionRows - FirstPosition;

    /// <summary>Reads a config.json. Keys that don't change the computation are ignored.</summary>
    /// <param name="json">The file's text.</param>
    /// <param name="source">Its path, for messages.</param>
    /// <exception cref="InvalidInputException">A key is missing, of the wrong kind, or asks for something unsupported.</exception>
    public static BertFamilyConfig FromJson(string json, string source = "config.json") => Read(ConfigReader.Parse(json, source));

    internal static BertFamilyConfig Read(ConfigReader reader)
    {
        BertKind kind = reader.Text("model_type") switch
        {
            "bert" => BertKind.Bert,
            "roberta" => BertKind.Roberta,
            _ => throw reader.Wrong("model_type", "\"bert\" or \"roberta\""),
        };
        reader.Require("position_embedding_type", "absolute", "absolute");
        reader.RequireOff("is_decoder");
        reader.RequireOff("add_cross_attention");
        BertFamilyConfig config = new()
        {
            Kind = kind,
            VocabularySize = reader.Size("vocab_size"),
            Width = reader.Size("hidden_size"),
            Layers = reader.Size("num_hidden_layers"),
            Heads = reader.Size("num_attention_heads"),
            Intermediate = reader.Size("intermediate_size"),
            PositionRows = reader.Size("max_position_embeddings"),
            TokenTypes = reader.Size("type_vocab_size", 2),
            PadId = reader.Index("pad_token_id", kind == BertKind.Roberta ? 1 : 0),
            Activation = reader.Activation("hidden_act"),
            LayerNormEps = reader.Positive("layer_norm_eps", 1e-12),
            InitializerRange = reader.Positive("initializer_range", 0.02),
            Dropout = new(reader.Probability("hidden_dropout_prob", 0.1), reader.Probability("attention_probs_dropout_prob", 0.1)),
        };
        reader.RequireMultiple("hidden_size", config.Width, "num_attention_heads", config.Heads);
        if (config.PadId >= config.VocabularySize)
            throw reader.Wrong("pad_token_id", $"below \"vocab_size\" ({config.VocabularySize})");
        if (config.MaxLength < 1)
            throw reader.Wrong("max_position_embeddings", $"above {config.FirstPosition}, the first token's position");
        return config;
    }

    /// <summary>The config.json that <see cref="FromJson"/> and Hugging Face read back.</summary>
    public string ToJson() => new JsonObject
    {
        ["architectures"] = new JsonArray(Kind == BertKind.Roberta ? "RobertaModel" : "BertModel"),
        ["model_type"] = Kind == BertKind.Roberta ? "roberta" : "bert",
        ["vocab_size"] = VocabularySize,
        ["hidden_size"] = Width,
        ["num_hidden_layers"] = Layers,
        ["num_attention_heads"] = Heads,
        ["intermediate_size"] = Intermediate,
        ["max_position_embeddings"] = PositionRows,
        ["type_vocab_size"] = TokenTypes,
        ["pad_token_id"] = PadId,
        ["hidden_act"] = Activation.Name(),
        ["position_embedding_type"] = "absolute",
        ["layer_norm_eps"] = LayerNormEps,
        ["initializer_range"] = InitializerRange,
        ["hidden_dropout_prob"] = Dropout.Hidden,
        ["attention_probs_dropout_prob"] = Dropout.Attention,
    }.ToJsonString(ConfigReader.Indented) + "\n";
}
