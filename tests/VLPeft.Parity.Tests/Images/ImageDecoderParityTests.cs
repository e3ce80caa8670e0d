using System.Security.Cryptography;
using System.Text.Json;
using VLPeft.Preprocessing;
using Xunit;

namespace VLPeft.Parity.Tests.Images;

[Trait("Category", "Parity")]
public sealed class ImageDecoderParityTests
{
    // The fixtures allow other JPEG decoders 3 levels; Skia's is Pillow's to the last bit, and stays pinned here.
    [Theory]
    [MemberData(nameof(ImageFixtures.Files), MemberType = typeof(ImageFixtures))]
    public void Decoded_pictures_are_Pillows(string file)
    {
        JsonElement expected = ImageFixtures.Image(file);
        RgbImage image = ImageDecoder.Decode(ImageFixtures.PathOf(file));

        int[] shape = [.. expected.GetProperty("rgb_shape").EnumerateArray().Select(size => size.GetInt32())];
        Assert.Equal(shape, (int[])[image.Height, image.Width, 3]);
        foreach (JsonElement sample in expected.GetProperty("rgb_samples").EnumerateArray())
        {
            int at = (sample[0].GetInt32() * image.Width + sample[1].GetInt32()) * 3;
            int[] rgb = [sample[2].GetInt32(), sample[3].GetInt32(), sample[4].GetInt32()];
            Assert.Equal(rgb, (int[])[image.Pixels[at], image.Pixels[at + 1], image.Pixels[at + 2]]);
        }
        for (int channel = 0; channel < 3; channel++)
        {
            double mean = Enumerable.Range(0, image.Width * image.Height).Average(i => (double)image.Pixels[3 * i + channel]);
            Assert.Equal(expected.GetProperty("rgb_mean")[channel].GetDouble(), mean, 1e-9);
        }
        Assert.Equal(expected.GetProperty("rgb_sha256").GetString(), Convert.ToHexStringLower(SHA256.HashData(image.Pixels)));
    }

    [Theory]
    [MemberData(nameof(ImageFixtures.Files), MemberType = typeof(ImageFixtures))]
    public void Decoding_from_memory_and_from_a_file_agree(string file)
    {
        string path = ImageFixtures.PathOf(file);
        Assert.Equal(ImageDecoder.Decode(path).Pixels, ImageDecoder.Decode(File.ReadAllBytes(path), file).Pixels);
    }

    [Theory]
    [MemberData(nameof(ImageFixtures.Files), MemberType = typeof(ImageFixtures))]
    public void A_picture_cut_off_anywhere_is_an_error(string file)
    {
        byte[] whole = File.ReadAllBytes(ImageFixtures.PathOf(file));
        int end = EndOfPixels(whole), step = Math.Max(1, end / 200);
        for (int length = 0; length < end; length += step)
            AssertRefused(whole[..length], file);
        AssertRefused(whole[..(end - 1)], file);
    }

    [Theory]
    [MemberData(nameof(ImageFixtures.Files), MemberType = typeof(ImageFixtures))]
    public void Damaged_pictures_give_a_picture_or_an_error(string file)
    {
        byte[] whole = File.ReadAllBytes(ImageFixtures.PathOf(file));
        var random = new Random(whole.Length);
        for (int i = 0; i < 150; i++)
        {
            byte[] damaged = [.. whole];
            for (int changes = random.Next(1, 6); changes > 0; changes--)
            {
                // Half the damage goes to the first bytes, where the headers are.
                int at = random.Next(random.Next(2) == 0 ? Math.Min(700, damaged.Length) : damaged.Length);
                damaged[at] = (byte)random.Next(256);
            }
            try
            {
                RgbImage image = ImageDecoder.Decode(damaged, file);
                Assert.Equal((long)image.Width * image.Height * 3, image.Pixels.LongLength);
            }
            catch (InvalidInputException e)
            {
                Assert.Contains(file, e.Message);
            }
        }
    }

    private static void AssertRefused(byte[] data, string file)
    {
        var error = Assert.Throws<InvalidInputException>(() => ImageDecoder.Decode(data, file));
        Assert.Contains(file, error.Message);
        Assert.Contains("expected", error.Message);
    }

    /// <summary>One past the last byte without which pixels are missing: of a PNG, zlib's checksum and what follows may be lost.</summary>
    private static int EndOfPixels(byte[] file)
    {
        ReadOnlySpan<byte> data = file;
        // A deflate stream's last byte may hold only its end mark, so take one more.
        return data[0] == 0xFF ? data.Length : data.LastIndexOf("IEND"u8) - 4 - 4 - 4 - 2;
    }
}
