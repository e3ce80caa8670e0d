namespace VLPeft.Preprocessing;

/// <summary>A decoded picture: 8 bits a channel, red green blue, rows from the top, no padding.</summary>
/// <param name="Width">Pixels in a row, at least 1.</param>
/// <param name="Height">Rows, at least 1.</param>
/// <param name="Pixels">Height · Width · 3 bytes.</param>
public sealed record RgbImage(int Width, int Height, byte[] Pixels);
