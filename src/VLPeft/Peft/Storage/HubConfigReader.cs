using System.Collections.Immutable;
using System.Text.Json;

namespace VLPeft.Peft;

/// <summary>Typed, strict access to the keys of an adapter_config.json; null counts as absent.</summary>
internal sealed class HubConfigReader(JsonElement json, string source)
{
    public JsonValueKind Kind(string key) => json.TryGetProperty(key, out JsonElement value) ? value.ValueKind : JsonValueKind.Undefined;

    public bool Has(string key) => Kind(key) is not (JsonValueKind.Undefined or JsonValueKind.Null);

    public string Text(string key) => Kind(key) == JsonValueKind.String ? json.GetProperty(key).GetString()! : throw Bad(key, "text");

    public bool Flag(string key) => Has(key) && Kind(key) switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Bad(key, "true or false"),
    };

    public double Number(string key, double? fallback) =>
        Kind(key) == JsonValueKind.Number ? json.GetProperty(key).GetDouble()
        : !Has(key) && fallback is { } value ? value : throw Bad(key, "a number");

    public long Integer(string key) =>
        Kind(key) == JsonValueKind.Number && json.GetProperty(key).TryGetInt64(out long value) ? value : throw Bad(key, "a whole number");

    /// <summary>A list of texts; empty when absent.</summary>
    public ImmutableArray<string> Texts(string key) =>
        !Has(key) ? []
        : Kind(key) == JsonValueKind.Array && json.GetProperty(key).EnumerateArray().All(one => one.ValueKind == JsonValueKind.String)
            ? [.. json.GetProperty(key).EnumerateArray().Select(one => one.GetString()!)]
            : throw Bad(key, "a list of names");

    /// <summary>A whole number or a list of them; empty when absent.</summary>
    public ImmutableArray<int> Integers(string key)
    {
        if (!Has(key))
            return [];
        JsonElement value = json.GetProperty(key);
        JsonElement[] items = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        return [.. items.Select(one => one.ValueKind == JsonValueKind.Number && one.TryGetInt32(out int number) ? number : throw Bad(key, "a list of whole numbers"))];
    }

    /// <summary>A table from text to numbers, in its order; empty when absent.</summary>
    public ImmutableArray<(string Key, double Value)> Numbers(string key) =>
        !Has(key) ? []
        : Kind(key) == JsonValueKind.Object && json.GetProperty(key).EnumerateObject().All(one => one.Value.ValueKind == JsonValueKind.Number)
            ? [.. json.GetProperty(key).EnumerateObject().Select(one => (one.Name, one.Value.GetDouble()))]
            : throw Bad(key, "a table from names to numbers");

    /// <summary>Refuses keys that say something (not null, false or empty) and are not understood.</summary>
    public void RequireOff(Func<string, bool> unknown)
    {
        foreach (JsonProperty property in json.EnumerateObject())
            if (unknown(property.Name) && !IsOff(property.Value))
                throw new InvalidInputException($"{source}: \"{property.Name}\" is {Short(property.Value)}, which is not supported; expected it to be off.");
    }

    public InvalidInputException Bad(string key, string expected) =>
        new($"{source}: \"{key}\": expected {expected}, got {(json.TryGetProperty(key, out JsonElement value) ? Short(value) : "none")}.");

    private static bool IsOff(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        JsonValueKind.Array => value.GetArrayLength() == 0,
        _ => false,
    };

    private static string Short(JsonElement value) => value.GetRawText() is { Length: > 200 } text ? text[..200] + "…" : value.GetRawText();
}
