namespace VLPeft.Recipes;

/// <summary>The classifier: Linear(d → hidden), LayerNorm, GELU, dropout, Linear(hidden → answers).</summary>
public sealed record HeadSection
{
    /// <summary>Its inner width; 2 d when it is left out.</summary>
    public long? Hidden { get; init; }

    /// <summary>Dropout before the last layer, 0 ≤ p &lt; 1.</summary>
    public double Dropout { get; init; }

    internal void Validate()
    {
        Check.That(Hidden is null or >= 1, "head.hidden", "1 or more", Hidden);
        Check.That(Dropout is >= 0 and < 1, "head.dropout", "0 ≤ p < 1", Dropout);
    }
}
