using System.Text.Json;

namespace VLPeft.Preprocessing;

/// <summary>Typed access to the keys of a JSON object; what is missing or of another type is the user's error, by file and key.</summary>
internal readonly struct JsonFields(JsonElement element, string source)
{
    public static JsonDocument Parse(string text, string source)
    {
        try
        {
            JsonDocument document = JsonDocument.Parse(text);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return document;
            string kind = document.RootElement.ValueKind.ToString();
            document.Dispose();
            throw new InvalidInputException($"'{source}' can't be used: expected a JSON object, got {kind}.");
        }
        catch (JsonException e)
        {
            throw new InvalidInputException($"'{source}' can't be used: expected JSON, got: {e.Message}", e);
        }
    }

    /// <summary>Whether the key is there and not null.</summary>
    public bool Has(string key) => element.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null;

    public JsonElement Get(string key) =>
        Has(key) ? element.GetProperty(key) : throw Bad(key, "a value", "nothing");

    public void OnlyAllow(IReadOnlyCollection<string> keys)
    {
        foreach (JsonProperty property in element.EnumerateObject())
        {
            if (!keys.Contains(property.Name))
                throw Bad(property.Name, $"only the keys {string.Join(", ", keys)}", "a key that is not known");
        }
    }

    public int RequireInt(string key)
    {
        JsonElement value = Get(key);
        return value.TryGetInt32Number(out int number) ? number : throw Bad(key, "a whole number", value);
    }

    public double RequireNumber(string key)
    {
        JsonElement value = Get(key);
        return value.ValueKind == JsonValueKind.Number ? value.GetDouble() : throw Bad(key, "a number", value);
    }

    public bool Bool(string key, bool whenMissing)
    {
        if (!Has(key))
            return whenMissing;
        JsonElement value = Get(key);
        return value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            _ => throw Bad(key, "true or false", value),
        };
    }

    public string? Text(string key)
    {
        if (!Has(key))
            return null;
        JsonElement value = Get(key);
        return value.ValueKind == JsonValueKind.String ? value.GetString() : throw Bad(key, "a text", value);
    }

    public T RequireChoice<T>(string key, params ReadOnlySpan<(string Name, T Value)> choices)
    {
        JsonElement given = Get(key);
        string expected = "";
        foreach ((string name, T value) in choices)
        {
            if (given.ValueKind == JsonValueKind.String && given.ValueEquals(name))
                return value;
            expected += expected.Length == 0 ? $"\"{name}\"" : $" or \"{name}\"";
        }
        throw Bad(key, expected, given);
    }

    /// <summary>Three numbers, or one for all channels.</summary>
    public PerChannel RequireChannels(string key)
    {
        JsonElement value = Get(key);
        if (value.ValueKind == JsonValueKind.Number)
            return PerChannel.All(value.GetDouble());
        if (value.ValueKind != JsonValueKind.Array || value.GetArrayLength() != 3
            || value.EnumerateArray().Any(number => number.ValueKind != JsonValueKind.Number))
        {
            throw Bad(key, "three numbers", value);
        }
        return new PerChannel(value[0].GetDouble(), value[1].GetDouble(), value[2].GetDouble());
    }

    /// <summary>A size as one number, [height, width] or {"height", "width"}.</summary>
    public ImageSize Size(string key)
    {
        JsonElement value = Get(key);
        switch (value.ValueKind)
        {
            case JsonValueKind.Number:
                int side = RequireInt(key);
                return new ImageSize(side, side);
            case JsonValueKind.Array when value.GetArrayLength() == 2
                && value[0].TryGetInt32Number(out int first) && value[1].TryGetInt32Number(out int second):
                return new ImageSize(first, second);
            case JsonValueKind.Object when value.EnumerateObject().All(
                part => part.Name is "height" or "width" || part.Value.ValueKind == JsonValueKind.Null):
                var fields = new JsonFields(value, $"{source} ({key})");
                return new ImageSize(fields.RequireInt("height"), fields.RequireInt("width"));
            default:
                throw Bad(key, "a number of pixels or {\"height\", \"width\"}", value);
        }
    }

    public InvalidInputException Bad(string key, string expected, string got) =>
        new($"'{source}', key '{key}': expected {expected}, got {got}.");

    private InvalidInputException Bad(string key, string expected, JsonElement got)
    {
        string text = got.GetRawText();
        return Bad(key, expected, text.Length > 80 ? text[..80] + "…" : text);
    }
}

internal static class JsonElementNumbers
{
    /// <summary>The whole number, where the element is one; unlike <see cref="JsonElement.TryGetInt32"/> it takes any element.</summary>
    public static bool TryGetInt32Number(this JsonElement element, out int number)
    {
        number = 0;
        return element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out number);
    }
}
