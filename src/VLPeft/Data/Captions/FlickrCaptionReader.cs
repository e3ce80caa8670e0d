using System.Globalization;
using System.Text;

namespace VLPeft.Data;

/// <summary>
/// Reads the token files of Flickr8k and Flickr30k (<c>Flickr8k.token.txt</c>, <c>results_20130124.token</c>): a line a caption,
/// <c>1000268201_693b08cb0e.jpg#0 ⇥ A child in a pink dress …</c>. A picture's id is the number that its name begins with, its Flickr id.
/// </summary>
public static class FlickrCaptionReader
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Reads all pictures in the order of the file.</summary>
    /// <exception cref="InvalidInputException">The file is missing, not UTF-8, empty, or has a line of another form; it names the line.</exception>
    public static IReadOnlyList<CaptionPicture> Read(string path)
    {
        OrderedDictionary<long, CaptionPicture> pictures = [];
        string[] lines = Lines(path);
        for (int i = 0; i < lines.Length; i++)
        {
            if (string.IsNullOrWhiteSpace(lines[i]))
                continue;
            (string name, string caption) = Parse(lines[i], path, i + 1);
            long id = IdOf(name, path, i + 1);
            if (!pictures.TryGetValue(id, out CaptionPicture? picture))
                pictures.Add(id, picture = new CaptionPicture(id, name, new List<string>()));
            if (picture.FileName != name)
                throw new InvalidInputException($"{path}, line {i + 1}: {name} and {picture.FileName} begin with the same number, which is to be the picture's id.");
            ((List<string>)picture.Captions).Add(caption);
        }
        return pictures.Count > 0 ? [.. pictures.Values] : throw new InvalidInputException($"{path}: expected at least one caption, found none.");
    }

    /// <summary>Those of some pictures that a list names, <c>Flickr_8k.trainImages.txt</c>: a file name (or id) a line.</summary>
    /// <exception cref="InvalidInputException">The list is missing, empty, or names a picture without captions.</exception>
    public static IReadOnlyList<CaptionPicture> Select(IReadOnlyList<CaptionPicture> pictures, string list)
    {
        ArgumentNullException.ThrowIfNull(pictures);
        var byName = pictures.ToDictionary(picture => Path.GetFileNameWithoutExtension(picture.FileName!), StringComparer.Ordinal);
        List<CaptionPicture> chosen = [];
        HashSet<long> seen = [];
        string[] lines = Lines(list);
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i].Trim() is not { Length: > 0 } name)
                continue;
            if (!byName.TryGetValue(Path.GetFileNameWithoutExtension(name), out CaptionPicture? picture))
                throw new InvalidInputException($"{list}, line {i + 1}: {name} has no captions in the token file.");
            if (!seen.Add(picture.ImageId))
                throw new InvalidInputException($"{list}, line {i + 1}: {name} stands twice.");
            chosen.Add(picture);
        }
        return chosen.Count > 0 ? chosen : throw new InvalidInputException($"{list}: expected at least one picture, found none.");
    }

    private static (string Name, string Caption) Parse(string line, string path, int number)
    {
        int tab = line.IndexOf('\t'), mark = tab < 0 ? -1 : line.LastIndexOf('#', tab);
        if (mark <= 0 || !int.TryParse(line.AsSpan(mark + 1, tab - mark - 1), NumberStyles.None, CultureInfo.InvariantCulture, out _))
            throw new InvalidInputException($"{path}, line {number}: expected name.jpg#0, a tab and a caption, came \"{Shown(line)}\".");
        string caption = line[(tab + 1)..].Trim(), name = line[..mark];
        if (caption.Length == 0)
            throw new InvalidInputException($"{path}, line {number}: the caption of {name} is empty.");
        return (name, caption);
    }

    private static long IdOf(string name, string path, int number)
    {
        ReadOnlySpan<char> digits = name.AsSpan(0, name.AsSpan().IndexOfAnyExceptInRange('0', '9') is var end && end < 0 ? name.Length : end);
        return long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long id) ? id
            : throw new InvalidInputException($"{path}, line {number}: expected a picture whose name begins with its number, came \"{Shown(name)}\".");
    }

    private static string Shown(string text) => text.Length <= 60 ? text : $"{text[..60]}…";

    private static string[] Lines(string path)
    {
        try
        {
            return [.. Strict.GetString(File.ReadAllBytes(path)).TrimStart('\uFEFF').Split('\n').Select(line => line.TrimEnd('\r'))];
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidInputException($"{path}: expected UTF-8 text: {error.Message}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException(File.Exists(path) ? $"{path}: can't be read: {error.Message}" : $"{path}: no such file.", error);
        }
    }
}
