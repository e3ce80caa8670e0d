namespace VLPeft.Recipes;

/// <summary>How the image enters the text's sequence (method.md §4).</summary>
public enum PrefixKind
{
    /// <summary>Only through routing.</summary>
    None,

    /// <summary>[x_R, word embeddings] through the embedding layer once.</summary>
    Single,

    /// <summary>The reference's way: text embedded twice, x_R once.</summary>
    Reference,
}

/// <summary>What the classifier reads of the language model.</summary>
public enum ReadoutKind
{
    /// <summary>The pooler at position 0 (tanh-dense), as the reference does.</summary>
    Pooler,

    /// <summary>The last hidden state at position 0: the visual prefix where there is one.</summary>
    First,

    /// <summary>The mean of the last hidden states over all unmasked positions, prefix included.</summary>
    Mean,
}

/// <summary>Where the tokenizer comes from.</summary>
public enum TokenizerSource
{
    /// <summary>The model's folder.</summary>
    Model,

    /// <summary>Words of the training questions, for a model that is trained from scratch.</summary>
    Questions,
}

/// <summary>The language model and how it reads questions or captions.</summary>
public sealed record TextSection
{
    /// <summary>The model's Hugging Face folder.</summary>
    [RecipePath]
    public string? Model { get; init; }

    /// <summary><c>pretrained</c>, or <c>random</c> to train it from scratch (peft.method: full).</summary>
    public WeightInitialization Init { get; init; } = WeightInitialization.Pretrained;

    /// <summary>The tokenizer: the model's own, or one made of the training questions' words.</summary>
    public TokenizerSource Tokenizer { get; init; } = TokenizerSource.Model;

    /// <summary>Tokens of a question (special ones included) or of a training caption at most; the visual prefix comes on top of them.</summary>
    public int MaxLength { get; init; } = 19;

    /// <summary>How the image enters the sequence.</summary>
    public PrefixKind Prefix { get; init; } = PrefixKind.Reference;

    /// <summary>What stands there: the pooled feature, or all patch tokens.</summary>
    public PrefixSource PrefixSource { get; init; } = PrefixSource.Pooled;

    /// <summary>What the classifier reads.</summary>
    public ReadoutKind Readout { get; init; } = ReadoutKind.Pooler;

    /// <summary>
    /// The pooler's weights, when the readout is the pooler: <c>checkpoint</c>, or <c>fresh</c> for checkpoints without one
    /// (roberta-base and roberta-large; Hugging Face then makes a new one without being asked).
    /// </summary>
    public PoolerSetting Pooler { get; init; } = PoolerSetting.Checkpoint;

    /// <summary>Dropout inside the frozen model while training; its config's value when it is left out (0.1 in published ones).</summary>
    public double? BackboneDropout { get; init; }

    internal void Validate()
    {
        Check.That(Model is not null, "text.model", "the language model's folder", Model);
        Check.That(MaxLength >= 3, "text.max-length", "3 or more", MaxLength);
        Check.That(BackboneDropout is null or (>= 0 and < 1), "text.backbone-dropout", "0 ≤ p < 1", BackboneDropout);
    }
}

/// <summary>The prefix's tokens.</summary>
public enum PrefixSource
{
    /// <summary>One token: the pooled feature.</summary>
    Pooled,

    /// <summary>All tokens of the vision encoder.</summary>
    Patches,
}
