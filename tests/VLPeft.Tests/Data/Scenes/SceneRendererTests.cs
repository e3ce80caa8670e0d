using System.Security.Cryptography;
using SkiaSharp;
using VLPeft.Data.Scenes;
using VLPeft.Preprocessing;
using Xunit;

namespace VLPeft.Tests.Data.Scenes;

public class SceneRendererTests
{
    private static readonly Scene Mixed = new(SceneBackground.White,
        new SceneObject(SceneShape.Triangle, SceneColor.Green, SceneSize.Large, 5, -16), null,
        new SceneObject(SceneShape.Cross, SceneColor.Purple, SceneSize.Small, -11, 16),
        new SceneObject(SceneShape.Circle, SceneColor.Yellow, SceneSize.Large, 16, 16));

    [Theory]
    [InlineData(SceneShape.Circle, SceneSize.Small, 50.3)]
    [InlineData(SceneShape.Circle, SceneSize.Large, 132.7)]
    [InlineData(SceneShape.Square, SceneSize.Small, 49.0)]
    [InlineData(SceneShape.Square, SceneSize.Large, 129.4)]
    [InlineData(SceneShape.Triangle, SceneSize.Small, 29.0)]
    [InlineData(SceneShape.Triangle, SceneSize.Large, 76.6)]
    [InlineData(SceneShape.Cross, SceneSize.Small, 33.8)]
    [InlineData(SceneShape.Cross, SceneSize.Large, 89.1)]
    public void A_shape_covers_its_area_inside_its_radius(SceneShape shape, SceneSize size, double area)
    {
        double radius = size == SceneSize.Small ? 4 : 6.5;
        foreach ((int jitterX, int jitterY) in new[] { (0, 0), (16, 16), (-16, -16), (7, -3) })
        {
            var item = new SceneObject(shape, SceneColor.Blue, size, jitterX, jitterY);
            RgbImage image = SceneRenderer.RenderClean(new Scene(SceneBackground.Black, null, item, null, null));
            double covered = 0;
            for (int y = 0; y < 32; y++)
            {
                for (int x = 0; x < 32; x++)
                {
                    double share = (image.Pixels[(y * 32 + x) * 3 + 2] - 20) / (225.0 - 20);
                    covered += share;
                    double dx = x + 0.5 - 24 - jitterX / 16.0;
                    double dy = y + 0.5 - 8 - jitterY / 16.0;
                    if (Math.Max(Math.Abs(dx), Math.Abs(dy)) > radius + 0.5)
                        Assert.Equal(0, share);
                    if (Math.Abs(dx) < 0.4 * radius && Math.Abs(dy) < 0.1 * radius)
                        Assert.Equal(1, share, 0.05);
                }
            }
            // Samples are a quarter of a pixel apart, so a side of the large square may come out 1/8 pixel too long: 11.5² = 132.3.
            Assert.Equal(area, covered, 3.0);
        }
    }

    [Fact]
    public void Colours_and_backgrounds_are_far_apart()
    {
        var seen = new List<byte[]>();
        foreach (SceneColor color in Enum.GetValues<SceneColor>())
        {
            var item = new SceneObject(SceneShape.Circle, color, SceneSize.Small);
            RgbImage image = SceneRenderer.RenderClean(new Scene(SceneBackground.Gray, item, null, null, null));
            seen.Add(Pixel(image, 8, 8));
        }
        foreach (SceneBackground background in Enum.GetValues<SceneBackground>())
            seen.Add(Pixel(SceneRenderer.RenderClean(new Scene(background, Mixed[ScenePosition.TopLeft], null, null, null)), 31, 31));
        for (int i = 0; i < seen.Count; i++)
        {
            for (int j = 0; j < i; j++)
            {
                // Eight standard deviations of the noise.
                double distance = Math.Sqrt(seen[i].Zip(seen[j]).Sum(pair => Math.Pow(pair.First - pair.Second, 2)));
                Assert.True(distance > 8 * 0.04 * 255, $"{i} and {j}: {distance}");
            }
        }
    }

    [Fact]
    public void Noise_is_gaussian_with_deviation_0_04()
    {
        var scene = new Scene(SceneBackground.Gray, Mixed[ScenePosition.TopLeft], null, null, null);
        var differences = new List<double>();
        for (ulong seed = 0; seed < 20; seed++)
        {
            byte[] noisy = SceneRenderer.Render(scene, seed).Pixels;
            byte[] clean = SceneRenderer.RenderClean(scene).Pixels;
            // The lower half is grey, far from where bytes are clipped.
            for (int i = noisy.Length / 2; i < noisy.Length; i++)
                differences.Add(noisy[i] - clean[i]);
        }
        double deviation = Math.Sqrt(differences.Average(value => value * value));
        Assert.Equal(0, differences.Average(), 0.15);
        Assert.Equal(0.04 * 255, deviation, 0.15);
        Assert.Equal(0.6827, differences.Average(value => Math.Abs(value) <= deviation ? 1 : 0), 0.02);
        Assert.Equal(0.0455, differences.Average(value => Math.Abs(value) > 2 * deviation ? 1 : 0), 0.005);
        Assert.Equal(3, differences.Average(value => Math.Pow(value / deviation, 4)), 0.15);
    }

    [Fact]
    public void A_picture_is_the_same_everywhere()
    {
        Assert.NotEqual(SceneRenderer.Render(Mixed, 1).Pixels, SceneRenderer.Render(Mixed, 2).Pixels);
        // Pinned: another machine, another version of .NET or SkiaSharp must give the same bytes (else raise SceneWriter.Version).
        Assert.Equal("07694F7A8956CFF5443D9EB520B00AF6", Hash(SceneRenderer.Render(Mixed, 1).Pixels));
    }

    [Fact]
    public void A_png_holds_the_picture()
    {
        RgbImage image = SceneRenderer.Render(Mixed, 3);
        using SKBitmap decoded = SKBitmap.Decode(ScenePng.Encode(image));
        Assert.Equal((32, 32), (decoded.Width, decoded.Height));
        for (int y = 0; y < 32; y++)
        {
            for (int x = 0; x < 32; x++)
            {
                SKColor color = decoded.GetPixel(x, y);
                Assert.Equal(Pixel(image, x, y), new[] { color.Red, color.Green, color.Blue });
                Assert.Equal(255, color.Alpha);
            }
        }
    }

    private static byte[] Pixel(RgbImage image, int x, int y) => image.Pixels[((y * image.Width + x) * 3)..((y * image.Width + x) * 3 + 3)];

    private static string Hash(byte[] bytes) => Convert.ToHexString(SHA256.HashData(bytes))[..32];
}
