using System.Text.RegularExpressions;

namespace VLPeft.Data;

/// <summary>
/// Pictures in folders, named by COCO's rule (<c>COCO_val2014_000000000042.jpg</c>), by the id with zeros (<c>000000000042.jpg</c>) or by
/// the id alone (<c>42.png</c>). The folders themselves are searched, not those within, once.
/// </summary>
public sealed partial class FolderImageSource : IImageSource
{
    private readonly record struct Entry(int Folder, string Name);

    private readonly string[] _folders;
    private readonly Dictionary<long, Entry> _entries = [];
    private readonly Dictionary<long, Entry> _seconds = [];

    /// <summary>Indexes the folders.</summary>
    /// <param name="folders">At least one; COCO's train2014 and val2014 go together, as their ids differ.</param>
    /// <exception cref="InvalidInputException">A folder does not exist or holds no picture of such a name.</exception>
    public FolderImageSource(params string[] folders)
    {
        ArgumentOutOfRangeException.ThrowIfZero(folders.Length);
        _folders = folders;
        for (int folder = 0; folder < folders.Length; folder++)
            Index(folder);
    }

    /// <summary>How many pictures were found.</summary>
    public int Count => _entries.Count;

    /// <inheritdoc/>
    /// <exception cref="InvalidInputException">No file belongs to the id, or two do.</exception>
    public string PathOf(long imageId)
    {
        if (!_entries.TryGetValue(imageId, out Entry entry))
        {
            throw new InvalidInputException(
                $"image {imageId}: no file in {string.Join(", ", _folders)}; looked for COCO_<split>_{imageId:D12}, {imageId:D12} and " +
                $"{imageId} with .jpg, .jpeg or .png.");
        }
        if (_seconds.TryGetValue(imageId, out Entry second))
        {
            throw new InvalidInputException(
                $"image {imageId}: expected one file, found {PathOf(entry)} and {PathOf(second)}; name only the folder that is meant.");
        }
        return PathOf(entry);
    }

    /// <summary>The id that a picture's file name says; null for a name of another form.</summary>
    public static long? IdOf(string fileName) =>
        PictureName().Match(fileName) is { Success: true } match ? long.Parse(match.Groups[1].ValueSpan) : null;

    private string PathOf(Entry entry) => Path.Combine(_folders[entry.Folder], entry.Name);

    private void Index(int folder)
    {
        string path = _folders[folder];
        if (!Directory.Exists(path))
            throw new InvalidInputException($"{path}: expected a folder of pictures, there is no such folder.");
        bool any = false;
        foreach (string file in Directory.EnumerateFiles(path))
        {
            string name = Path.GetFileName(file);
            if (IdOf(name) is not { } id)
                continue;
            any = true;
            if (!_entries.TryAdd(id, new Entry(folder, name)))
                _seconds.TryAdd(id, new Entry(folder, name));
        }
        if (!any)
        {
            throw new InvalidInputException(
                $"{path}: expected pictures named like COCO_val2014_000000000042.jpg, 000000000042.jpg or 42.png, found none" +
                $"{Within(path)}.");
        }
    }

    private static string Within(string path)
    {
        string[] folders = [.. Directory.EnumerateDirectories(path).Select(folder => Path.GetFileName(folder)).Order().Take(5)];
        return folders.Length > 0 ? $"; folders within are not searched, name them instead ({string.Join(", ", folders)})" : "";
    }

    [GeneratedRegex(@"^(?:COCO_[a-z]+[0-9]{4}_)?([0-9]{1,18})\.(?:jpe?g|png)$", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex PictureName();
}
