namespace VLPeft.Preprocessing;

/// <summary>What a resize keeps of a picture's shape.</summary>
public enum ResizeKind
{
    /// <summary>To a fixed height and width, whatever the picture's shape.</summary>
    Exact,

    /// <summary>The shorter side to a fixed length, the longer one in proportion, its fraction cut off.</summary>
    ShortestSide,
}

/// <summary>Height and width in pixels, in the order of Hugging Face's configurations.</summary>
/// <param name="Height">Rows.</param>
/// <param name="Width">Pixels in a row.</param>
public readonly record struct ImageSize(int Height, int Width);

/// <summary>The size that a picture is resized to.</summary>
/// <param name="Kind">What is kept of its shape.</param>
/// <param name="Size">The exact size; for <see cref="ResizeKind.ShortestSide"/> both hold the side's length.</param>
public readonly record struct ResizeRule(ResizeKind Kind, ImageSize Size)
{
    /// <summary>To a fixed size.</summary>
    public static ResizeRule Exact(int height, int width) => new(ResizeKind.Exact, new ImageSize(height, width));

    /// <summary>The shorter side to a fixed length.</summary>
    public static ResizeRule ShortestSide(int side) => new(ResizeKind.ShortestSide, new ImageSize(side, side));

    /// <summary>The size that a picture of a given size gets.</summary>
    public ImageSize Of(int height, int width)
    {
        if (Kind == ResizeKind.Exact)
            return Size;
        int side = Size.Height;
        return width <= height ? new ImageSize(Scale(side, height, width), side) : new ImageSize(side, Scale(side, width, height));
    }

    // transformers: int(size * long / short), a division in double precision.
    private static int Scale(long side, int longer, int shorter) => checked((int)((double)(side * longer) / shorter));
}
