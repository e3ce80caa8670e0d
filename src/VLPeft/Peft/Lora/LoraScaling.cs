namespace VLPeft.Peft;

/// <summary>What LoRA's alpha is divided by.</summary>
public enum LoraScaling
{
    /// <summary>alpha / r (Hu et al., 2022).</summary>
    Rank,

    /// <summary>alpha / √r: rsLoRA (Kalajdzievski, 2023), whose output keeps its size whatever the rank.</summary>
    SqrtRank,
}

internal static class LoraScalings
{
    public static double Of(this LoraScaling scaling, double alpha, long rank) => scaling == LoraScaling.SqrtRank ? alpha / Math.Sqrt(rank) : alpha / rank;
}
