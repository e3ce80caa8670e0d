using static TorchSharp.torch;

namespace VLPeft.Routing;

/// <summary>Shape checks at the boundary: some native calls abort the process on a wrong shape instead of throwing.</summary>
public static class RoutingShapes
{
    /// <summary>Any V: the two sides share B and r.</summary>
    /// <exception cref="ArgumentException">A side is not three-dimensional, or B or r differ.</exception>
    public static void RequireSameBatchAndRank(string function, Tensor text, Tensor vision)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(vision);
        if (text.dim() != 3 || vision.dim() != 3 || text.size(0) != vision.size(0) || text.size(2) != vision.size(2))
            throw new ArgumentException($"{function}: text (B, T, r) and vision (B, V, r) must share B and r, but they are {Show(text)} and {Show(vision)}.");
    }

    /// <summary>V = 1, so that one vision vector stands for the image.</summary>
    /// <exception cref="ArgumentException">V is larger.</exception>
    public static void RequirePooled(string function, Tensor text, Tensor vision)
    {
        RequireSameBatchAndRank(function, text, vision);
        if (vision.size(1) != 1)
            throw new ArgumentException($"{function}: the routing feature must be pooled to one token, but it has {vision.size(1)}; pool it, or use matmul.");
    }

    /// <summary>V = 1, or V = T to go token by token.</summary>
    /// <exception cref="ArgumentException">V is anything else.</exception>
    public static void RequireBroadcastable(string function, Tensor text, Tensor vision)
    {
        RequireSameBatchAndRank(function, text, vision);
        long tokens = vision.size(1);
        if (tokens != 1 && tokens != text.size(1))
            throw new ArgumentException($"{function}: the routing feature has {tokens} tokens and the text {text.size(1)}; pool the feature to one token, or use matmul.");
    }

    private static string Show(Tensor tensor) => $"({string.Join(", ", tensor.shape)})";
}
