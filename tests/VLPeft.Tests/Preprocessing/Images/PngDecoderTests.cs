using CsCheck;
using VLPeft.Preprocessing;
using Xunit;

namespace VLPeft.Tests.Preprocessing.Images;

public sealed class PngDecoderTests
{
    public static TheoryData<int, int> Kinds() => new()
    {
        { 0, 1 }, { 0, 2 }, { 0, 4 }, { 0, 8 }, { 0, 16 }, { 2, 8 }, { 2, 16 }, { 3, 1 }, { 3, 2 }, { 3, 4 }, { 3, 8 },
        { 4, 8 }, { 4, 16 }, { 6, 8 }, { 6, 16 },
    };

    // What Pillow's convert("RGB") makes of a sample; checked against Pillow 9.4 on 360 files of every kind.
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_kind_of_png_gives_Pillows_colours(int colour, int depth)
    {
        byte[] palette = [.. Enumerable.Range(0, 3 << Math.Min(depth, 8)).Select(i => (byte)(i * 83 + 7))];
        Gen.Select(Gen.Int[1, 20], Gen.Int[1, 20], Gen.Bool, Gen.Int[-1, 4], Gen.Int[1, 3], Gen.Int[0, 1000]).Sample(
            (width, height, interlaced, filter, pieces, seed) =>
            {
                // Every third row has small samples, so that some of 16 bits are below 256.
                int Sample(int x, int y, int channel) =>
                    (int)((uint)(x * 40503 + y * 30011 + channel * 10007 + seed * 65537) % (1u << depth)) >> (y % 3 == 0 ? depth / 2 : 0);
                var writer = new PngWriter(width, height, depth, colour)
                {
                    Sample = Sample, Interlaced = interlaced, Filter = filter, Pieces = pieces, Palette = colour == 3 ? palette : null,
                };
                RgbImage image = ImageDecoder.Decode(writer.Write(), "x.png");
                Assert.Equal((width, height), (image.Width, image.Height));
                for (int i = 0; i < image.Pixels.Length; i++)
                {
                    int x = i / 3 % width, y = i / 3 / width, channel = i % 3;
                    int sample = Sample(x, y, colour is 2 or 6 ? channel : 0);
                    int expected = (colour, depth) switch
                    {
                        (3, _) => palette[3 * sample + channel],
                        (0, 16) => Math.Min(sample, 255),
                        (_, 16) => sample >> 8,
                        (_, 8) => sample,
                        _ => sample * 255 / ((1 << depth) - 1),
                    };
                    Assert.Equal(expected, image.Pixels[i]);
                }
            }, iter: 40, threads: 1);
    }

    [Fact]
    public void An_index_past_the_palette_is_a_grey_as_in_Pillow()
    {
        var writer = new PngWriter(4, 1, 8, 3) { Sample = (x, _, _) => new[] { 0, 1, 2, 200 }[x], Palette = [9, 8, 7, 6, 5, 4] };
        Assert.Equal([9, 8, 7, 6, 5, 4, 2, 2, 2, 200, 200, 200], ImageDecoder.Decode(writer.Write(), "x.png").Pixels);
    }

    [Fact]
    public void Transparency_and_gamma_leave_the_colours_alone()
    {
        var writer = new PngWriter(3, 1, 8, 2) { Sample = (x, _, channel) => 40 * x + channel };
        byte[] file = writer.Write(("gAMA", [0, 0, 0xB1, 0x8F]), ("tRNS", [0, 40, 0, 41, 0, 42]), ("tEXt", [65, 0, 66]));
        Assert.Equal([0, 1, 2, 40, 41, 42, 80, 81, 82], ImageDecoder.Decode(file, "x.png").Pixels);
    }

    [Fact]
    public void What_follows_the_pixels_is_not_looked_at()
    {
        var writer = new PngWriter(2, 2, 8, 0) { Sample = (x, y, _) => x + 2 * y };
        byte[] file = writer.Write();
        byte[] expected = ImageDecoder.Decode(file, "x.png").Pixels;
        Assert.Equal(expected, ImageDecoder.Decode(file.AsSpan(0, file.Length - 12), "x.png").Pixels);
        Assert.Equal(expected, ImageDecoder.Decode([.. file, 1, 2, 3], "x.png").Pixels);
    }

    [Fact]
    public void Damage_is_named()
    {
        var good = new PngWriter(6, 5, 8, 2) { Sample = (x, y, channel) => x * 31 + y * 7 + channel };
        byte[] file = good.Write();

        byte[] wrongSum = [.. file];
        wrongSum[29] ^= 1;
        Refused(wrongSum, "IHDR", "checksum");

        byte[] wrongText = good.Write(("tEXt", [1, 2]));
        wrongText[41] ^= 1;
        Refused(wrongText, "tEXt", "checksum");
        Refused(Png(("IHDR", good.Header())), "ends before its pixels");
        Refused(Png(("IHDR", good.Header()), ("IEND", [])), "without pixels");
        Refused(Png(("IDAT", [1, 2, 3])), "header chunk");
        Refused(Png(("IHDR", [1, 2, 3])), "header chunk");
        Refused(Png(("IHDR", good.Header()), ("IDAT", [1, 2, 3]), ("IEND", [])), "scanline 0");
        Refused(Png(("IHDR", good.Header()), ("IDAT", PngWriter.Deflate(good.Scanlines()[..60])), ("IEND", [])), "scanline 3");
        byte[] lines = good.Scanlines();
        lines[19 * 2] = 7;
        Refused(Png(("IHDR", good.Header()), ("IDAT", PngWriter.Deflate(lines)), ("IEND", [])), "filter 7", "scanline 2");
        byte[] compressed = PngWriter.Deflate(good.Scanlines());
        compressed.AsSpan(2, 20).Fill(0xFF);
        Refused(Png(("IHDR", good.Header()), ("IDAT", compressed), ("IEND", [])), "scanline 0");
    }

    [Theory]
    [InlineData(8, 3, "bit depth 3")]
    [InlineData(9, 5, "colour type 5")]
    [InlineData(9, 3, "colour type 3")]
    [InlineData(11, 1, "filter method 1")]
    public void Unknown_kinds_are_named(int at, byte value, string got)
    {
        byte[] header = new PngWriter(6, 5, 16, 2) { Sample = (_, _, _) => 0 }.Header();
        header[at] = value;
        Refused(Png(("IHDR", header), ("IDAT", [0]), ("IEND", [])), got);
    }

    [Theory]
    [InlineData(0, 5, "1×1")]
    [InlineData(5, 0, "1×1")]
    [InlineData(int.MaxValue, 1, "65535 pixels a side")]
    [InlineData(-1, -1, "4294967295×4294967295")]
    [InlineData(10_001, 10_000, "100 megapixels")]
    public void Impossible_and_gigantic_sizes_are_refused_before_memory_is_taken(int width, int height, string said)
    {
        var writer = new PngWriter(width, height, 8, 2) { Sample = (_, _, _) => 0 };
        byte[] file = Png(("IHDR", writer.Header()), ("IDAT", [0, 1, 2, 3]), ("IEND", []));
        Assert.InRange(Allocated(() => Refused(file, said)), 0, 1 << 20);
    }

    [Fact]
    public void A_few_bytes_that_claim_to_be_a_large_picture_take_no_memory()
    {
        byte[] header = new PngWriter(10_000, 10_000, 8, 2) { Sample = (_, _, _) => 0 }.Header();
        byte[] file = Png(("IHDR", header), ("IDAT", PngWriter.Deflate(new byte[1000])), ("IEND", []));
        Assert.InRange(Allocated(() => Refused(file, "data that end")), 0, 1 << 20);
    }

    [Fact]
    public void Palettes_are_checked()
    {
        var none = new PngWriter(2, 2, 8, 3) { Sample = (_, _, _) => 0 };
        Refused(none.Write(), "palette is missing");
        var odd = new PngWriter(2, 2, 8, 3) { Sample = (_, _, _) => 0, Palette = new byte[5] };
        Refused(odd.Write(), "palette of 5 bytes");
        var large = new PngWriter(2, 2, 8, 3) { Sample = (_, _, _) => 0, Palette = new byte[771] };
        Refused(large.Write(), "palette of 771 bytes");
    }

    private static long Allocated(Action action)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        action();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static byte[] Png(params (string Type, byte[] Body)[] chunks) =>
        [.. PngWriter.Signature, .. chunks.SelectMany(chunk => PngWriter.Chunk(chunk.Type, chunk.Body))];

    private static void Refused(byte[] file, params string[] said)
    {
        string message = Assert.Throws<InvalidInputException>(() => ImageDecoder.Decode(file, "some/where.png")).Message;
        Assert.Contains("some/where.png", message);
        foreach (string part in said)
            Assert.Contains(part, message);
    }
}
