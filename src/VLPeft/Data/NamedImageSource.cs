namespace VLPeft.Data;

/// <summary>Pictures whose file names a data set gives, looked for in folders: with the subfolder that the name may have, and without.</summary>
public sealed class NamedImageSource : IImageSource
{
    private readonly IReadOnlyDictionary<long, string> _names;
    private readonly string[] _folders;

    /// <summary>Takes names and folders; whether the pictures exist is checked when they are asked for.</summary>
    /// <param name="names">The file name of each picture.</param>
    /// <param name="folders">At least one.</param>
    /// <exception cref="InvalidInputException">A folder does not exist.</exception>
    public NamedImageSource(IReadOnlyDictionary<long, string> names, params string[] folders)
    {
        ArgumentNullException.ThrowIfNull(folders);
        ArgumentOutOfRangeException.ThrowIfZero(folders.Length);
        (_names, _folders) = (names, folders);
        if (folders.FirstOrDefault(folder => !Directory.Exists(folder)) is { } missing)
            throw new InvalidInputException($"{missing}: expected a folder of pictures, there is no such folder.");
    }

    /// <inheritdoc/>
    public string PathOf(long imageId)
    {
        if (!_names.TryGetValue(imageId, out string? name))
            throw new InvalidInputException($"image {imageId}: the data set does not name its file.");
        string bare = Path.GetFileName(name);
        return _folders.SelectMany(folder => new[] { Path.Combine(folder, name), Path.Combine(folder, bare) }).FirstOrDefault(File.Exists)
            ?? throw new InvalidInputException($"image {imageId}: no file {name} in {string.Join(", ", _folders)}.");
    }
}
