using System.Text;
using VLPeft.Preprocessing;
using Xunit;

namespace VLPeft.Tests.Preprocessing.Images;

public sealed class ImageDecoderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vlpeft-decoder").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_content_decides_and_not_the_name()
    {
        string path = Path.Combine(_folder, "really-a-jpeg.png");
        File.WriteAllBytes(path, Pictures.Jpeg(9, 7, 80));
        RgbImage image = ImageDecoder.Decode(path);
        Assert.Equal((9, 7, 9 * 7 * 3), (image.Width, image.Height, image.Pixels.Length));
    }

    [Fact]
    public void A_missing_file_is_named() => Refused(Path.Combine(_folder, "none.jpg"), "does not exist");

    [Fact]
    public void A_file_in_a_missing_folder_is_named() => Refused(Path.Combine(_folder, "nowhere", "none.jpg"), "does not exist");

    [Fact]
    public void A_folder_is_no_picture() => Refused(_folder, "can't be read");

    [Theory]
    [InlineData("", "an empty file")]
    [InlineData("hello, world, this is text", "text that starts with \"hello, world, th\"")]
    [InlineData("GIF89a…", "a GIF picture")]
    [InlineData("BM\0\0", "a BMP picture")]
    [InlineData("RIFF\0\0\0\0WEBPVP8 ", "a WebP picture")]
    [InlineData("II*\0\b", "a TIFF picture")]
    [InlineData("\u0001\u0002", "2 bytes that start with 0102")]
    public void Other_content_is_described(string content, string said)
    {
        string path = Path.Combine(_folder, "picture.png");
        File.WriteAllText(path, content, new UTF8Encoding(false));
        Refused(path, "a PNG or JPEG picture", said);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    public void The_start_of_a_png_is_called_cut_off(int length)
    {
        string path = Path.Combine(_folder, "picture.png");
        File.WriteAllBytes(path, PngWriter.Signature[..length].ToArray());
        Refused(path, $"cut off after {length} bytes");
    }

    [Fact]
    public void No_bytes_crash_the_decoder()
    {
        byte[][] files =
        [
            Pictures.Jpeg(33, 21, 70),
            new PngWriter(17, 13, 8, 2) { Sample = (x, y, c) => (x * y + c) & 255, Interlaced = true }.Write(),
            new PngWriter(17, 13, 2, 3) { Sample = (x, y, _) => (x + y) & 3, Palette = new byte[12] }.Write(),
            new PngWriter(17, 13, 16, 6) { Sample = (x, y, c) => x * 999 + y + c }.Write(),
        ];
        var random = new Random(5);
        for (int i = 0; i < 1500; i++)
        {
            byte[] file = Damage(files[i % files.Length], random);
            try
            {
                RgbImage image = ImageDecoder.Decode(file, "damaged");
                Assert.Equal((long)image.Width * image.Height * 3, image.Pixels.LongLength);
            }
            catch (InvalidInputException e)
            {
                Assert.Contains("damaged", e.Message);
            }
        }
    }

    private static byte[] Damage(byte[] whole, Random random)
    {
        List<byte> file = [.. whole];
        for (int changes = random.Next(1, 5); changes > 0; changes--)
        {
            int at = random.Next(file.Count), length = Math.Min(random.Next(1, 12), file.Count - at);
            switch (random.Next(4))
            {
                case 0:
                    file[at] = (byte)random.Next(256);
                    break;
                case 1 when file.Count > 20:
                    file.RemoveRange(at, Math.Min(length, file.Count - 10));
                    break;
                case 2:
                    file.InsertRange(at, file.GetRange(random.Next(file.Count - length + 1), length));
                    break;
                default:
                    file[at] = random.Next(2) == 0 ? (byte)0xFF : (byte)0;
                    break;
            }
        }
        // Checksums are made right again in half of the PNGs, so that damage gets past them.
        return random.Next(2) == 0 ? [.. file] : Mend([.. file]);
    }

    private static byte[] Mend(byte[] file)
    {
        if (!file.AsSpan().StartsWith(PngWriter.Signature))
            return file;
        for (int at = 8; at + 12 <= file.Length;)
        {
            uint length = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(file.AsSpan(at));
            if (length > file.Length - at - 12)
                break;
            uint sum = System.IO.Hashing.Crc32.HashToUInt32(file.AsSpan(at + 4, (int)length + 4));
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(file.AsSpan(at + 8 + (int)length), sum);
            at += 12 + (int)length;
        }
        return file;
    }

    private static void Refused(string path, params string[] said)
    {
        string message = Assert.Throws<InvalidInputException>(() => ImageDecoder.Decode(path)).Message;
        Assert.Contains(path, message);
        Assert.Contains("expected", message);
        foreach (string part in said)
            Assert.Contains(part, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }
}
