namespace VLPeft.Generation;

/// <summary>Drawing tokens instead of taking the likeliest; applied in this order: temperature, top-k, top-p.</summary>
public sealed record SamplingOptions
{
    /// <summary>Logits are divided by it, above 0: below 1 sharpens, above 1 flattens.</summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Only the k likeliest tokens (and those equal to the last of them) can be drawn, at least 1; null for all.</summary>
    public int? TopK { get; init; }

    /// <summary>Only the fewest tokens that together reach this probability can be drawn, 0 &lt; p ≤ 1; 1 for all.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Sequence s of image i draws from the stream (seed, i, s): the same tokens whatever else is in the batch.</summary>
    public ulong Seed { get; init; }

    internal void Validate()
    {
        GenerationOptions.Check(double.IsFinite(Temperature) && Temperature > 0, "temperature", "a number above 0", Temperature);
        GenerationOptions.Check(TopK is null or >= 1, "top-k", "at least 1", TopK);
        GenerationOptions.Check(TopP is > 0 and <= 1, "top-p", "0 < p ≤ 1", TopP);
    }
}
