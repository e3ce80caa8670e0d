using System.Security.Cryptography;
using System.Text.Json;
using VLPeft.Preprocessing;
using Xunit;

namespace VLPeft.Parity.Tests.Images;

[Trait("Category", "Parity")]
public sealed class ImageProcessorParityTests
{
    [Theory]
    [MemberData(nameof(ImageFixtures.Cases), MemberType = typeof(ImageFixtures))]
    public void Processed_pictures_are_Hugging_Faces(string file, string name)
    {
        JsonElement expected = ImageFixtures.Image(file).GetProperty("processors").GetProperty(name);
        int side = expected.GetProperty("target").GetInt32();
        ImageProcessor processor = ImageFixtures.Processor(name, side);
        RgbImage image = ImageDecoder.Decode(ImageFixtures.PathOf(file));

        CheckBytes(processor.Resize(image), expected, side);
        CheckValues(processor.Process(image), expected, side);
    }

    /// <summary>The resize alone, from the lossless copy of what Pillow decodes.</summary>
    [Theory]
    [MemberData(nameof(ImageFixtures.Cases), MemberType = typeof(ImageFixtures))]
    public void Pictures_decoded_by_Pillow_resize_exactly(string file, string name)
    {
        JsonElement image = ImageFixtures.Image(file);
        string decoded = image.TryGetProperty("decoded_png", out JsonElement png) ? png.GetString()! : file;
        JsonElement expected = image.GetProperty("processors").GetProperty(name);
        int side = expected.GetProperty("target").GetInt32();
        ImageProcessor processor = ImageFixtures.Processor(name, side);

        CheckBytes(processor.Resize(ImageDecoder.Decode(ImageFixtures.PathOf(decoded))), expected, side);
    }

    private static void CheckBytes(RgbImage actual, JsonElement expected, int side)
    {
        Assert.Equal((side, side), (actual.Height, actual.Width));
        Assert.Equal(ImageFixtures.Bytes(expected.GetProperty("uint8").GetString()!, side, side, 3), actual.Pixels);
        Assert.Equal(expected.GetProperty("uint8_sum").GetInt64(), actual.Pixels.Sum(value => (long)value));
        Assert.Equal(expected.GetProperty("uint8_sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(actual.Pixels)));
    }

    private static void CheckValues(float[] actual, JsonElement expected, int side)
    {
        int[] shape = [.. expected.GetProperty("shape").EnumerateArray().Select(size => size.GetInt32())];
        Assert.Equal(shape, (int[])[3, side, side]);
        Assert.Equal(3 * side * side, actual.Length);

        string tensors = expected.GetProperty("uint8").GetString()!;
        tensors = tensors[..tensors.LastIndexOf('/')];
        float[] first = ImageFixtures.Floats($"{tensors}/first_row", 3, side), last = ImageFixtures.Floats($"{tensors}/last_row", 3, side);
        for (int channel = 0; channel < 3; channel++)
        {
            ReadOnlySpan<float> plane = actual.AsSpan(channel * side * side, side * side);
            Assert.Equal(first.AsSpan(channel * side, side), plane[..side]);
            Assert.Equal(last.AsSpan(channel * side, side), plane[^side..]);
        }

        double mean = actual.Average(value => (double)value);
        double deviation = Math.Sqrt(actual.Average(value => (value - mean) * (value - mean)));
        Assert.Equal(expected.GetProperty("mean").GetDouble(), mean, 1e-6);
        Assert.Equal(expected.GetProperty("std").GetDouble(), deviation, 1e-6);
        Assert.Equal(expected.GetProperty("sum").GetDouble(), mean * actual.Length, 1e-6 * actual.Length);
    }
}
