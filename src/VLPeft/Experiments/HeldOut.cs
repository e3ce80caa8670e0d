using VLPeft.Data;

namespace VLPeft.Experiments;

/// <summary>The share of the training pictures that a data set without a validation split keeps for it.</summary>
internal static class HeldOut
{
    /// <summary>By picture, so that no picture is on both sides; always the same ones, whatever the recipe's seed.</summary>
    public static HashSet<long> Of(IEnumerable<long> imageIds, double fraction)
    {
        long[] ids = [.. imageIds.Distinct().Order()];
        new DeterministicRandom(0).Shuffle(ids.AsSpan());
        return [.. ids.Take(Math.Max(1, (int)Math.Round(ids.Length * fraction)))];
    }
}
