using System.Text.Json;

namespace VLPeft.Checkpoints;

/// <summary>The map from tensor names to shard files in Hugging Face's <c>model.safetensors.index.json</c>, read strictly.</summary>
internal static class ShardIndex
{
    private const string Extension = ".safetensors";

    /// <summary>Reads the map; every shard is a plain file name, so that nothing outside the folder can be reached.</summary>
    /// <exception cref="InvalidInputException">The index is not what it should be.</exception>
    public static Dictionary<string, string> Read(string path)
    {
        using JsonDocument document = JsonFile.ReadObject(path, "index of shards");
        if (!document.RootElement.TryGetProperty("weight_map", out JsonElement map) || map.ValueKind != JsonValueKind.Object)
            throw new InvalidInputException($"The index of shards '{path}' has no object 'weight_map' from tensor names to shard files.");
        var shards = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (JsonProperty entry in map.EnumerateObject())
        {
            if (!IsPlainFileName(entry.Value))
                throw new InvalidInputException($"The index of shards '{path}' names {entry.Value.GetRawText()} as the shard "
                    + $"of '{entry.Name}'; expected the name of a .safetensors file in the same folder.");
            shards.Add(entry.Name, entry.Value.GetString()!);
        }
        return shards;
    }

    /// <summary>Windows' separators count everywhere: an index is written on one system and read on another.</summary>
    private static bool IsPlainFileName(JsonElement value) =>
        value.ValueKind == JsonValueKind.String
        && value.GetString() is { } name
        && name.IndexOfAny(['/', '\\', ':', '\0']) < 0
        && name.Length > Extension.Length
        && name.EndsWith(Extension, StringComparison.Ordinal);
}
