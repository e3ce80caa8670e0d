using System.Text.Json;
using VLPeft.Checkpoints;

namespace VLPeft.Models;

/// <summary>Typed, strict access to a Hugging Face config.json; every error names the file and the key.</summary>
internal sealed class ConfigReader
{
    // Far above any real model, far below what would exhaust the memory or overflow a product of two.
    private const long LargestSize = 1 << 24;

    /// <summary>How our own config.json files are written.</summary>
    public static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private readonly JsonElement root;
    private readonly string source;

    private ConfigReader(JsonElement root, string source)
    {
        this.root = root;
        this.source = source;
    }

    public static ConfigReader Parse(string json, string source)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new InvalidInputException($"'{source}' must hold a JSON object, not a {document.RootElement.ValueKind}.");
            return new ConfigReader(document.RootElement.Clone(), source);
        }
        catch (JsonException e)
        {
            throw new InvalidInputException($"'{source}' is not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>A folder's config.json.</summary>
    public static ConfigReader OpenFolder(string folder)
    {
        if (!Directory.Exists(folder))
            throw new InvalidInputException($"The model folder '{folder}' does not exist.");
        string path = Path.Combine(folder, "config.json");
        using JsonDocument document = JsonFile.ReadObject(path, "model configuration");
        return new ConfigReader(document.RootElement.Clone(), path);
    }

    /// <summary>The loader for the model_type of a folder's config.json.</summary>
    public static T Choose<T>(IReadOnlyDictionary<string, T> loaders, string folder, string modality)
    {
        ConfigReader reader = OpenFolder(folder);
        string known = string.Join(", ", loaders.Keys.Order().Select(name => $"\"{name}\""));
        return loaders.TryGetValue(reader.Text("model_type"), out T? loader)
            ? loader
            : throw reader.Wrong("model_type", $"a known {modality} backbone ({known})");
    }

    /// <summary>Whether the key is there and not null.</summary>
    public bool Has(string key) => Find(key) is not null;

    /// <summary>A whole number ≥ 1.</summary>
    public long Size(string key, long? fallback = null) => Whole(key, 1, fallback);

    /// <summary>A whole number ≥ 0.</summary>
    public long Index(string key, long? fallback = null) => Whole(key, 0, fallback);

    /// <summary>A finite number above 0.</summary>
    public double Positive(string key, double? fallback = null) =>
        Number(key, fallback) is > 0 and var value ? value : throw Wrong(key, "a number above 0");

    /// <summary>A number in [0, 1).</summary>
    public double Probability(string key, double? fallback = null) =>
        Number(key, fallback) is >= 0 and < 1 and var value ? value : throw Wrong(key, "a number in [0, 1)");

    public double Number(string key, double? fallback = null)
    {
        if (Find(key) is not { } element)
            return fallback ?? throw Missing(key);
        return element.ValueKind == JsonValueKind.Number && element.TryGetDouble(out double value) && double.IsFinite(value)
            ? value
            : throw Wrong(key, "a finite number");
    }

    public bool Flag(string key, bool fallback) => Find(key)?.ValueKind switch
    {
        null => fallback,
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong(key, "true or false"),
    };

    public string Text(string key, string? fallback = null)
    {
        if (Find(key) is not { } element)
            return fallback ?? throw Missing(key);
        return element.ValueKind == JsonValueKind.String ? element.GetString()! : throw Wrong(key, "a string");
    }

    /// <summary>A nested object, whose errors name it.</summary>
    public ConfigReader Section(string key) => Find(key) switch
    {
        null => throw Missing(key),
        { ValueKind: JsonValueKind.Object } element => new ConfigReader(element, $"{source}: {key}"),
        _ => throw Wrong(key, "an object"),
    };

    /// <summary>A list of nested objects.</summary>
    public ConfigReader[] Sections(string key) =>
        Find(key) is { ValueKind: JsonValueKind.Array } list && list.EnumerateArray().All(one => one.ValueKind == JsonValueKind.Object)
            ? [.. list.EnumerateArray().Select((element, i) => new ConfigReader(element, $"{source}: {key}[{i}]"))]
            : throw Wrong(key, "a list of objects");

    /// <summary>A list of so many whole numbers ≥ 1.</summary>
    public long[] Sizes(string key, int count)
    {
        if (Find(key) is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() == count)
        {
            long[] sizes = [.. list.EnumerateArray().Select(one => one.ValueKind == JsonValueKind.Number && one.TryGetInt64(out long size) ? size : 0)];
            if (sizes.All(size => size is >= 1 and <= LargestSize))
                return sizes;
        }
        throw Wrong(key, $"a list of {count} whole numbers from 1 to {LargestSize}");
    }

    /// <summary>A list of texts; empty when absent.</summary>
    public string[] Texts(string key)
    {
        if (Find(key) is not { } element)
            return [];
        return element.ValueKind == JsonValueKind.Array && element.EnumerateArray().All(one => one.ValueKind == JsonValueKind.String)
            ? [.. element.EnumerateArray().Select(one => one.GetString()!)]
            : throw Wrong(key, "a list of strings");
    }

    public HiddenActivation Activation(string key) => HiddenActivations.ByName.TryGetValue(Text(key), out HiddenActivation activation)
        ? activation
        : throw Wrong(key, $"one of {string.Join(", ", HiddenActivations.ByName.Keys.Select(name => $"\"{name}\""))}");

    /// <summary>Refuses a value other than the only one supported; an absent key means the fallback.</summary>
    public void Require(string key, string expected, string? fallback = null)
    {
        if (Text(key, fallback) != expected)
            throw Wrong(key, $"\"{expected}\"");
    }

    /// <summary>Refuses an option that is not supported; absent means off.</summary>
    public void RequireOff(string key)
    {
        if (Flag(key, false))
            throw Wrong(key, "false (the option is not supported)");
    }

    /// <summary>Refuses a size that is no multiple of another.</summary>
    public void RequireMultiple(string key, long value, string divisorKey, long divisor)
    {
        if (value % divisor != 0)
            throw new InvalidInputException($"'{source}': \"{key}\" ({value}) must be a multiple of \"{divisorKey}\" ({divisor}).");
    }

    /// <summary>Refuses images of more patches than anyone has, before tables of their square are built.</summary>
    public void RequirePositions(string key, long positions)
    {
        if (positions > 1 << 14)
            throw Wrong(key, $"small enough for {1 << 14} positions ({positions} come of it)");
    }

    public InvalidInputException Wrong(string key, string expected) =>
        new($"'{source}': \"{key}\" must be {expected}, not {Find(key)?.GetRawText() ?? "absent"}.");

    private InvalidInputException Missing(string key) => new($"'{source}' lacks the key \"{key}\".");

    private long Whole(string key, long least, long? fallback)
    {
        if (Find(key) is not { } element)
            return fallback ?? throw Missing(key);
        return element.ValueKind == JsonValueKind.Number && element.TryGetInt64(out long value) && value >= least && value <= LargestSize
            ? value
            : throw Wrong(key, $"a whole number from {least} to {LargestSize}");
    }

    // null stands for absent, as Hugging Face writes it.
    private JsonElement? Find(string key) =>
        root.TryGetProperty(key, out JsonElement element) && element.ValueKind != JsonValueKind.Null ? element : null;
}
