namespace VLPeft.Preprocessing;

/// <summary>A rectangle of pixels.</summary>
/// <param name="X">Column of its left edge.</param>
/// <param name="Y">Row of its upper edge.</param>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Height">Rows.</param>
public readonly record struct PixelWindow(int X, int Y, int Width, int Height);
