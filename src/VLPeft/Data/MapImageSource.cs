using System.Text.Json;
using VLPeft.Checkpoints;

namespace VLPeft.Data;

/// <summary>
/// Pictures named one by one in a JSON file, <c>{"42": "some/picture.jpg"}</c>; relative paths start at that file's folder.
/// </summary>
public sealed class MapImageSource : IImageSource
{
    private readonly string _mapPath;
    private readonly Dictionary<long, string> _paths = [];

    /// <summary>Reads the map. Whether the pictures exist is checked when they are asked for.</summary>
    /// <exception cref="InvalidInputException">
    /// No file, damaged JSON, a key that is no id, a value that is no path, an id that stands twice.
    /// </exception>
    public MapImageSource(string mapPath)
    {
        _mapPath = mapPath;
        using JsonDocument document = JsonFile.Parse(mapPath);
        JsonElement root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object)
            throw new InvalidInputException($"{mapPath}: expected an object {{\"id\": \"path\"}}, came {JsonFile.Describe(root)}.");
        foreach (JsonProperty entry in root.EnumerateObject())
        {
            if (!long.TryParse(entry.Name, out long id))
                throw new InvalidInputException($"{mapPath}: expected a picture's id as key, came \"{entry.Name}\".");
            if (entry.Value.ValueKind != JsonValueKind.String || entry.Value.GetString() is not { Length: > 0 } path)
                throw new InvalidInputException($"{mapPath}: expected a path for image {id}, came {entry.Value.GetRawText()}.");
            if (!_paths.TryAdd(id, path))
                throw new InvalidInputException($"{mapPath}: image {id} stands twice.");
        }
    }

    /// <summary>How many pictures the map names.</summary>
    public int Count => _paths.Count;

    /// <inheritdoc/>
    public string PathOf(long imageId)
    {
        if (!_paths.TryGetValue(imageId, out string? path))
            throw new InvalidInputException($"image {imageId}: not among the {Count} pictures that {_mapPath} names.");
        string full = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(_mapPath))!, path);
        return File.Exists(full)
            ? full
            : throw new InvalidInputException($"image {imageId}: {_mapPath} names {full}, which does not exist.");
    }
}
