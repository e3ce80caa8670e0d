namespace VLPeft.Cli.Serving;

/// <summary>The kinds of picture files that are served.</summary>
internal static class PictureFile
{
    public const string Png = "image/png", Jpeg = "image/jpeg";

    private static ReadOnlySpan<byte> PngStart => [0x89, (byte)'P', (byte)'N', (byte)'G'];

    /// <summary>What a browser is told of a file that the decoder reads: its content decides, as it does there.</summary>
    public static string MediaTypeOf(ReadOnlySpan<byte> start) => start.StartsWith(PngStart) ? Png : Jpeg;

    public static string MediaTypeOf(string path)
    {
        Span<byte> start = stackalloc byte[4];
        using FileStream file = File.OpenRead(path);
        return MediaTypeOf(start[..file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false)]);
    }
}
