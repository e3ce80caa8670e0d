using static TorchSharp.torch;

namespace VLPeft.Models.EfficientNet;

/// <summary>
/// TensorFlow's "same": a convolution of stride s makes ⌈n / s⌉ of n, and of the zeros that takes the odd one stands behind. At stride 1 that
/// is the usual kernel / 2 on each side; at stride 2 an even side gets 0 in front and 1 behind for a kernel of 3, 1 and 2 for one of 5.
/// </summary>
internal static class TensorFlowPadding
{
    /// <summary>⌈n / s⌉.</summary>
    public static long Steps(long size, long stride) => (size + stride - 1) / stride;

    /// <summary>What the convolution itself pads: all of it at stride 1.</summary>
    public static long Symmetric(long kernel, long stride) => stride == 1 ? kernel / 2 : 0;

    /// <summary>(B, C, H, W) with the zeros that <see cref="Symmetric"/> leaves to be added; the same tensor when there are none.</summary>
    public static Tensor Pad(Tensor x, long kernel, long stride)
    {
        if (stride == 1)
            return x;
        (long top, long bottom) = Around(x.shape[2], kernel, stride);
        (long left, long right) = Around(x.shape[3], kernel, stride);
        return nn.functional.pad(x, [left, right, top, bottom]);
    }

    private static (long Before, long Behind) Around(long size, long kernel, long stride)
    {
        long all = Math.Max(0, (Steps(size, stride) - 1) * stride + kernel - size);
        return (all / 2, all - all / 2);
    }
}
