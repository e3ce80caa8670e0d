namespace VLPeft.Recipes;

/// <summary>Modules of a LoRA or DoRA with a rank or alpha of their own, as Hugging Face PEFT's rank_pattern and alpha_pattern have them.</summary>
public sealed record RankPatternSection
{
    /// <summary>A regular expression over a module's whole name or its end after a dot; the first pattern that matches counts.</summary>
    public string Pattern { get; init; } = "";

    /// <summary>r there; the section's when it is left out.</summary>
    public long? Rank { get; init; }

    /// <summary>alpha there; the section's when it is left out.</summary>
    public double? Alpha { get; init; }

    internal void Validate()
    {
        Check.That(Pattern.Length > 0, "peft.rank-patterns: pattern", "a regular expression", "none");
        Check.That(Rank is null or >= 1, "peft.rank-patterns: rank", "1 or more", Rank);
        Check.That(Alpha is null or > 0, "peft.rank-patterns: alpha", "more than 0", Alpha);
        Check.That(Rank is not null || Alpha is not null, "peft.rank-patterns", "a rank or an alpha for each pattern", $"none for '{Pattern}'");
    }
}
