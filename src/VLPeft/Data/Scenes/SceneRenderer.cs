using System.Numerics;
using VLPeft.Preprocessing;

namespace VLPeft.Data.Scenes;

/// <summary>
/// Draws scenes as 32×32 pictures: antialiased shapes (4×4 samples a pixel) and Gaussian noise. Only integers and exactly rounded
/// operations, so that a picture is the same to the bit on every machine.
/// </summary>
public static class SceneRenderer
{
    /// <summary>Width and height of a picture in pixels.</summary>
    public const int Side = 32;

    /// <summary>Width and height of a cell in pixels.</summary>
    public const int CellSide = Side / 2;

    /// <summary>Standard deviation of the noise, as a share of the range of a channel.</summary>
    public const double NoiseDeviation = 0.04;

    // Geometry in 1/16 pixel.
    private const int Unit = 16;
    private const int SmallRadius = 4 * Unit;
    private const int LargeRadius = 13 * Unit / 2;
    private const int SampleStep = Unit / 4;
    private const int SamplesPerPixel = 16;

    // The number of ones among 64 random bits, plus a uniform number in [0, 1), has variance 64/4 + 1/12.
    private const double NoiseScale = NoiseDeviation * 255 / 4.010403138505;

    private static readonly byte[][] ColorValues =
        [[220, 40, 40], [40, 175, 60], [45, 75, 225], [235, 210, 40], [165, 60, 200], [50, 205, 215]];
    private static readonly byte[][] BackgroundValues = [[20, 20, 20], [128, 128, 128], [235, 235, 235]];

    /// <summary>The picture of a scene; <paramref name="noiseSeed"/> picks the noise.</summary>
    public static RgbImage Render(Scene scene, ulong noiseSeed)
    {
        ArgumentNullException.ThrowIfNull(scene);
        byte[] pixels = RenderClean(scene).Pixels;
        AddNoise(pixels, new SceneRandom(noiseSeed));
        return new RgbImage(Side, Side, pixels);
    }

    /// <summary>The picture of a scene without noise.</summary>
    public static RgbImage RenderClean(Scene scene)
    {
        ArgumentNullException.ThrowIfNull(scene);
        var pixels = new byte[Side * Side * 3];
        ReadOnlySpan<byte> background = BackgroundValues[(int)scene.Background];
        for (int i = 0; i < pixels.Length; i += 3)
            background.CopyTo(pixels.AsSpan(i, 3));
        foreach ((ScenePosition position, SceneObject item) in scene.Objects)
            DrawObject(pixels, position, item);
        return new RgbImage(Side, Side, pixels);
    }

    private static void DrawObject(byte[] pixels, ScenePosition position, SceneObject item)
    {
        int left = (int)position % 2 * CellSide;
        int top = (int)position / 2 * CellSide;
        int radius = item.Size == SceneSize.Small ? SmallRadius : LargeRadius;
        ReadOnlySpan<byte> color = ColorValues[(int)item.Color];
        for (int y = 0; y < CellSide; y++)
        {
            for (int x = 0; x < CellSide; x++)
            {
                int dx = (x - CellSide / 2) * Unit - item.JitterX;
                int dy = (y - CellSide / 2) * Unit - item.JitterY;
                int covered = CoveredSamples(item.Shape, dx, dy, radius);
                if (covered == 0)
                    continue;
                Span<byte> pixel = pixels.AsSpan(((top + y) * Side + left + x) * 3, 3);
                for (int channel = 0; channel < 3; channel++)
                {
                    int blended = pixel[channel] * (SamplesPerPixel - covered) + color[channel] * covered;
                    pixel[channel] = (byte)((blended + SamplesPerPixel / 2) / SamplesPerPixel);
                }
            }
        }
    }

    /// <summary>How many of the samples of the pixel whose corner is at (dx, dy) from the object's centre lie inside the shape.</summary>
    private static int CoveredSamples(SceneShape shape, int dx, int dy, int radius)
    {
        int covered = 0;
        for (int y = dy + SampleStep / 2; y < dy + Unit; y += SampleStep)
        {
            for (int x = dx + SampleStep / 2; x < dx + Unit; x += SampleStep)
                covered += IsInside(shape, Math.Abs(x), y, radius) ? 1 : 0;
        }
        return covered;
    }

    // x is the distance from the vertical axis, about which every shape is symmetric; y grows downwards.
    private static bool IsInside(SceneShape shape, int x, int y, int radius) => shape switch
    {
        SceneShape.Circle => x * x + y * y <= radius * radius,
        SceneShape.Square => Math.Max(x, Math.Abs(y)) * 8 <= radius * 7,
        SceneShape.Triangle => y * 16 <= radius * 13 && x * 29 <= (y + radius) * 16,
        SceneShape.Cross => IsInArm(x, Math.Abs(y), radius) || IsInArm(Math.Abs(y), x, radius),
        _ => throw new ArgumentOutOfRangeException(nameof(shape), shape, "This is no shape."),
    };

    private static bool IsInArm(int along, int across, int radius) => along <= radius && across * 16 <= radius * 5;

    private static void AddNoise(byte[] pixels, SceneRandom random)
    {
        for (int i = 0; i < pixels.Length; i += 3)
        {
            ulong dither = random.NextBits();
            for (int channel = 0; channel < 3; channel++)
            {
                double fraction = ((dither >> (21 * channel)) & 0x1FFFFF) * (1.0 / 0x200000);
                double centred = BitOperations.PopCount(random.NextBits()) - 32.5 + fraction;
                double value = Math.Floor(pixels[i + channel] + centred * NoiseScale + 0.5);
                pixels[i + channel] = (byte)Math.Clamp(value, 0, 255);
            }
        }
    }
}
