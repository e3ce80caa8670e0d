using System.Text.Json;

namespace VLPeft.Preprocessing;

/// <summary>An entry of a JSON file that knows its file and place, so that every wrong type or missing key is named.</summary>
internal sealed record JsonEntry(string File, string Place, JsonElement Element)
{
    public bool IsObject => Element.ValueKind == JsonValueKind.Object;

    /// <exception cref="InvalidInputException">The file can't be read, or is not a JSON object.</exception>
    public static JsonEntry Load(string file)
    {
        try
        {
            using var document = JsonDocument.Parse(TokenizerFiles.ReadBytes(file));
            var root = new JsonEntry(file, "", document.RootElement.Clone());
            return root.IsObject ? root : throw root.Expected("an object");
        }
        catch (JsonException error)
        {
            throw new InvalidInputException($"{file}: not valid JSON: {error.Message}", error);
        }
    }

    public static JsonEntry? LoadIfThere(string file) => System.IO.File.Exists(file) ? Load(file) : null;

    /// <summary>The entry of a key, or null when it is missing or null.</summary>
    public JsonEntry? Find(string key)
    {
        if (!IsObject)
            throw Expected("an object");
        return Element.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null
            ? new JsonEntry(File, Place.Length == 0 ? key : $"{Place}.{key}", value)
            : null;
    }

    public JsonEntry Get(string key) => Find(key)
        ?? throw new InvalidInputException($"{File}: {(Place.Length == 0 ? "" : $"'{Place}': ")}the key '{key}' is missing.");

    public string Text() => Element.ValueKind == JsonValueKind.String ? Unescaped(() => Element.GetString()!) : throw Expected("a string");

    public int Int() =>
        Element.ValueKind == JsonValueKind.Number && Element.TryGetInt32(out int value) ? value : throw Expected("a whole number");

    public bool Bool() =>
        Element.ValueKind is JsonValueKind.True or JsonValueKind.False ? Element.GetBoolean() : throw Expected("true or false");

    public IEnumerable<JsonEntry> Items()
    {
        if (Element.ValueKind != JsonValueKind.Array)
            throw Expected("an array");
        return Element.EnumerateArray().Select((item, i) => new JsonEntry(File, $"{Place}[{i}]", item));
    }

    /// <summary>An object of token → id, with every entry, also one that occurs twice.</summary>
    public List<KeyValuePair<string, int>> TokenIds()
    {
        if (!IsObject)
            throw Expected("an object of tokens and ids");
        var entries = new List<KeyValuePair<string, int>>();
        foreach (JsonProperty property in Element.EnumerateObject())
        {
            string token = Unescaped(() => property.Name);
            if (property.Value.ValueKind != JsonValueKind.Number || !property.Value.TryGetInt32(out int id))
                throw new JsonEntry(File, $"{Place}['{token}']", property.Value).Expected("a whole number, the token's id");
            entries.Add(new(token, id));
        }
        return entries;
    }

    // A string with half a surrogate pair ("\ud800") is valid JSON, but not text.
    private string Unescaped(Func<string> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException error)
        {
            throw new InvalidInputException($"{File}: '{Place}': a string that is not valid Unicode: {error.Message}", error);
        }
    }

    public InvalidInputException Expected(string what)
    {
        string raw = Element.GetRawText();
        string found = raw.Length <= 60 ? raw : $"{raw.AsSpan(0, 57)}...";
        return new InvalidInputException($"{File}: {(Place.Length == 0 ? "" : $"'{Place}': ")}expected {what}, found {found}.");
    }
}
