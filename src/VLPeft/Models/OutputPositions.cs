namespace VLPeft.Models;

/// <summary>Which positions of an encoder's last layer the caller reads.</summary>
public enum OutputPositions
{
    /// <summary>All of them.</summary>
    All,

    /// <summary>
    /// Position 0 only. The last layer then computes its queries, attention and feed-forward for that position alone, which gives the
    /// same numbers and saves up to one layer's work; keys and values still come from every position.
    /// </summary>
    First,
}
