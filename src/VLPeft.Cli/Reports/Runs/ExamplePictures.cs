namespace VLPeft.Cli.Reports.Runs;

/// <summary>Pictures for a page: chosen without looking at them, and read as they are.</summary>
internal static class ExamplePictures
{
    /// <summary>So many of a list, evenly spread over it.</summary>
    public static IEnumerable<T> Spread<T>(IReadOnlyList<T> all, int count)
    {
        int taken = Math.Min(count, all.Count);
        return Enumerable.Range(0, taken).Select(i => all[(int)((long)i * all.Count / taken)]);
    }

    /// <exception cref="InvalidInputException">The file is of a kind that browsers don't show.</exception>
    public static PictureExample Read(string path, string altText, IReadOnlyList<QuestionExample> questions) =>
        new(File.ReadAllBytes(path), MimeType(path), altText, questions);

    private static string MimeType(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".jpg" or ".jpeg" => "image/jpeg",
        ".png" => "image/png",
        ".webp" => "image/webp",
        ".gif" => "image/gif",
        ".bmp" => "image/bmp",
        string other => throw new InvalidInputException($"picture '{path}': a report shows JPEG, PNG, WebP, GIF and BMP, not '{other}'; --pictures 0 leaves pictures out."),
    };
}
