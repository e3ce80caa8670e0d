namespace VLPeft.Preprocessing;

/// <summary>One number for each colour channel.</summary>
/// <param name="Red">Of red.</param>
/// <param name="Green">Of green.</param>
/// <param name="Blue">Of blue.</param>
public readonly record struct PerChannel(double Red, double Green, double Blue)
{
    /// <summary>The same number for all three.</summary>
    public static PerChannel All(double value) => new(value, value, value);

    /// <summary>The number of channel 0 (red), 1 (green) or 2 (blue).</summary>
    public double this[int channel] => channel switch
    {
        0 => Red,
        1 => Green,
        2 => Blue,
        _ => throw new ArgumentOutOfRangeException(nameof(channel), channel, "0, 1 or 2"),
    };
}
