using VLPeft.Models;
using VLPeft.Models.Bart;
using VLPeft.Models.Bert;
using VLPeft.Models.Gpt2;

namespace VLPeft.Pretraining;

/// <summary>What a small text encoder is pre-trained with; the defaults are the shipped model's.</summary>
public sealed record TextPretrainingOptions
{
    /// <summary>Seeds weights, texts, masks and their order; 0 or more.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>The model; where the texts are generated, a GPT-2 is trained on captions alone, a BART on the texts of all four tasks.</summary>
    public TextArchitecture Architecture { get; init; } = TextArchitecture.Roberta;

    /// <summary>Where the texts come from.</summary>
    public TextSource Source { get; init; } = TextSource.Scenes;

    /// <summary>The texts' file; null for <see cref="TextSource.Scenes"/>.</summary>
    public string? File { get; init; }

    /// <summary>Generated questions and captions, for <see cref="TextSource.Scenes"/>.</summary>
    public int Texts { get; init; } = 30_000;

    /// <summary>How often a word of a user's texts must occur to get a token of its own.</summary>
    public int MinimumCount { get; init; } = 1;

    /// <summary>The longest text in tokens, special tokens included; what is over is cut. The model has positions for as many.</summary>
    public int MaxLength { get; init; } = 46;

    /// <summary>Optimizer steps.</summary>
    public int Steps { get; init; } = 1_500;

    /// <summary>Texts in a batch.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>The peak learning rate.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>The share of tokens that must be guessed (RoBERTa).</summary>
    public double MaskedShare { get; init; } = 0.2;

    /// <summary>The share of words in spans that are missing (BART).</summary>
    public double InfilledShare { get; init; } = 0.3;

    /// <summary>The mean length of a span (BART).</summary>
    internal const double SpanLength = 3;

    /// <summary>How many objects of a picture have a token of their own (BART).</summary>
    internal const int Objects = 16;

    /// <summary>RoBERTa, 4 layers, d = 64.</summary>
    internal BertFamilyConfig Roberta(int vocabularySize, int padId) => new()
    {
        Kind = BertKind.Roberta,
        VocabularySize = vocabularySize,
        Width = 64,
        Layers = 4,
        Heads = 4,
        Intermediate = 256,
        // RoBERTa's first position is the one after the padding's id.
        PositionRows = MaxLength + padId + 1,
        TokenTypes = 1,
        PadId = padId,
        LayerNormEps = 1e-5,
        // RoBERTa's own 0.02 is for widths of 768 and more; this keeps the variance of a layer's output at a width of 64.
        InitializerRange = 0.125,
        Dropout = BackboneDropout.None,
    };

    /// <summary>GPT-2, 4 layers, d = 64: positions for a start (or a visual prefix), the longest text and its end.</summary>
    internal Gpt2Config Gpt2(int vocabularySize, int endId) => new()
    {
        VocabularySize = vocabularySize,
        Width = 64,
        Layers = 4,
        Heads = 4,
        Intermediate = 256,
        MaxLength = MaxLength + 2,
        EndId = endId,
        InitializerRange = 0.125,
        EmbeddingDropout = 0,
        Dropout = BackboneDropout.None,
    };

    /// <summary>BART, 2 layers of encoder and of decoder, d = 64.</summary>
    internal BartConfig Bart(int vocabularySize, int padId) => new()
    {
        VocabularySize = vocabularySize,
        Width = 64,
        EncoderLayers = 2,
        DecoderLayers = 2,
        EncoderHeads = 4,
        DecoderHeads = 4,
        EncoderIntermediate = 256,
        DecoderIntermediate = 256,
        MaxLength = MaxLength,
        PaddingId = padId,
        InitializerRange = 0.125,
        Dropout = BackboneDropout.None,
    };

    internal void Validate()
    {
        PretrainingTrainer.Require(Seed >= 0, nameof(Seed), "0 or more", Seed);
        PretrainingTrainer.Require(Texts is >= 1 and <= 10_000_000, nameof(Texts), "from 1 to 10,000,000", Texts);
        PretrainingTrainer.Require(MinimumCount >= 1, nameof(MinimumCount), "1 or more", MinimumCount);
        PretrainingTrainer.Require(MaxLength is >= 3 and <= 4096, nameof(MaxLength), "from 3 to 4,096", MaxLength);
        PretrainingTrainer.Require(Steps >= 1, nameof(Steps), "1 or more", Steps);
        PretrainingTrainer.Require(BatchSize >= 1, nameof(BatchSize), "1 or more", BatchSize);
        PretrainingTrainer.Require(LearningRate is > 0 and < 1, nameof(LearningRate), "above 0 and below 1", LearningRate);
        PretrainingTrainer.Require(MaskedShare is > 0 and < 1, nameof(MaskedShare), "above 0 and below 1", MaskedShare);
        PretrainingTrainer.Require(InfilledShare is > 0 and < 1, nameof(InfilledShare), "above 0 and below 1", InfilledShare);
        if (Source == TextSource.Scenes != File is null)
            throw new ArgumentException($"The source {Source} {(File is null ? "needs a file" : "has no file")}.");
    }
}

/// <summary>Which language model is pre-trained.</summary>
public enum TextArchitecture
{
    /// <summary>An encoder that guesses masked words.</summary>
    Roberta,

    /// <summary>A decoder that predicts the next word.</summary>
    Gpt2,

    /// <summary>An encoder and a decoder that restore texts with spans missing.</summary>
    Bart,
}

/// <summary>Where texts come from.</summary>
public enum TextSource
{
    /// <summary>Generated: questions, captions and (BART) statements about drawn scenes.</summary>
    Scenes,

    /// <summary>A file with a text a line.</summary>
    Lines,

    /// <summary>A questions file of VQAv2 (or any data set in its form) or easy-VQA.</summary>
    Questions,

    /// <summary>A captions file of COCO, or any data set in its form.</summary>
    Captions,
}
