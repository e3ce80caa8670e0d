namespace VLPeft.Data;

/// <summary>
/// Pictures in folders and the folders within them, by the numbers of their names (<see cref="PictureNames"/>): GQA's, whose names are not all
/// numbers, and NLVR2's, whose training pictures lie in a hundred folders.
/// </summary>
public sealed class IndexedImageSource : IImageSource
{
    private readonly string[] _folders;
    private readonly Dictionary<long, string> _paths = [];
    private readonly Dictionary<long, string> _seconds = [];

    /// <summary>Indexes the folders.</summary>
    /// <param name="folders">At least one.</param>
    /// <exception cref="InvalidInputException">A folder does not exist or holds no picture.</exception>
    public IndexedImageSource(params string[] folders)
    {
        ArgumentNullException.ThrowIfNull(folders);
        ArgumentOutOfRangeException.ThrowIfZero(folders.Length);
        _folders = folders;
        foreach (string folder in folders)
            Index(folder);
    }

    /// <inheritdoc/>
    /// <exception cref="InvalidInputException">No file belongs to the number, or two do.</exception>
    public string PathOf(long imageId)
    {
        if (!_paths.TryGetValue(imageId, out string? path))
            throw new InvalidInputException($"image {imageId}: no picture of that name among the {_paths.Count} in {string.Join(", ", _folders)}.");
        return _seconds.TryGetValue(imageId, out string? second)
            ? throw new InvalidInputException($"image {imageId}: expected one file, found {path} and {second}; name only the folder that is meant.")
            : path;
    }

    private void Index(string folder)
    {
        if (!Directory.Exists(folder))
            throw new InvalidInputException($"{folder}: expected a folder of pictures, there is no such folder.");
        bool any = false;
        foreach (string file in Directory.EnumerateFiles(folder).Concat(Directory.EnumerateDirectories(folder).SelectMany(Directory.EnumerateFiles)))
        {
            if (PictureNames.StemOf(file) == Path.GetFileName(file))
                continue; // no picture
            any = true;
            long id = PictureNames.IdOf(file);
            if (!_paths.TryAdd(id, file))
                _seconds.TryAdd(id, file);
        }
        if (!any)
            throw new InvalidInputException($"{folder}: expected pictures (.jpg, .jpeg, .png) in it or in folders within, found none.");
    }
}
