namespace VLPeft.Preprocessing;

/// <summary>How a resized pixel is averaged from the pixels under it, by Pillow's and Hugging Face's <c>resample</c> codes.</summary>
public enum ResampleFilter
{
    /// <summary>A triangle over two pixels of the coarser grid.</summary>
    Bilinear = 2,

    /// <summary>Keys' cubic with a = -0.5 over four pixels of the coarser grid.</summary>
    Bicubic = 3,
}

internal static class ResampleFilters
{
    /// <summary>Half the filter's width, in pixels of the coarser grid.</summary>
    public static double Support(this ResampleFilter filter) => filter switch
    {
        ResampleFilter.Bilinear => 1,
        ResampleFilter.Bicubic => 2,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "only bilinear and bicubic resampling exist"),
    };

    public static double Weight(this ResampleFilter filter, double x) => filter == ResampleFilter.Bilinear ? Triangle(x) : Cubic(x);

    private static double Triangle(double x)
    {
        x = Math.Abs(x);
        return x < 1 ? 1 - x : 0;
    }

    // The order of operations is Pillow's: the weights are rounded, so it counts.
    private static double Cubic(double x)
    {
        const double a = -0.5;
        x = Math.Abs(x);
        if (x < 1)
            return ((a + 2) * x - (a + 3)) * x * x + 1;
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
    }
}
