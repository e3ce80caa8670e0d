namespace VLPeft.Recipes;

/// <summary>Which positions of a caption are learnt (method.md §5).</summary>
public enum CaptionLossChoice
{
    /// <summary>Every token, the first from the prefix, up to and with the first end-of-text token.</summary>
    Default,

    /// <summary>The reference's: not the first token and not "!", but all the padding.</summary>
    Reference,
}

/// <summary>How captions are learnt and validated (task: captioning).</summary>
public sealed record CaptionSection
{
    /// <summary><c>default</c> or <c>reference</c>.</summary>
    public CaptionLossChoice Loss { get; init; } = CaptionLossChoice.Default;

    /// <summary>Validation pictures, the first ones, that are decoded greedily for CIDEr in every validation; 0 for all.</summary>
    public int CiderImages { get; init; } = 200;

    internal void Validate() => Check.That(CiderImages >= 0, "caption.cider-images", "0 or more", CiderImages);
}
