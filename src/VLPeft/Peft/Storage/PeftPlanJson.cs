using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using VLPeft.Models;
using VLPeft.Routing;

namespace VLPeft.Peft;

/// <summary>
/// The part of adapter_config.json that Hugging Face PEFT does not know: the whole plan, routing included, under the key "vlpeft".
/// </summary>
internal static class PeftPlanJson
{
    public const string Key = "vlpeft";
    public const string HashKey = "weights_sha256";
    private static readonly string[] OptionKeys = ["routing", "bottleneck", "rank", "scale", "bias", "dropout", "activation", "initialization"];

    /// <param name="plan">The plan, in the backbone's names.</param>
    /// <param name="prefix">What the file's names have in front of them.</param>
    /// <param name="weightsHash">SHA-256 of adapter_model.safetensors.</param>
    public static JsonObject Write(PeftPlan plan, string prefix, string weightsHash)
    {
        JsonObject json = plan.Sites.IsEmpty ? [] : WriteOptions(plan.Bottleneck);
        json.Insert(0, "method", plan.Names.Method);
        json["sites"] = new JsonArray([.. plan.Sites.Select(WriteSite)]);
        json["units"] = plan.Units.IsEmpty ? null : new JsonArray([.. plan.Units.Select(WriteUnit)]);
        json["also_train"] = new JsonArray([.. plan.AlsoTrain.Select(WritePattern)]);
        json["prefix"] = prefix;
        json[HashKey] = weightsHash;
        return json;
    }

    /// <exception cref="InvalidInputException">A key is missing or has another form; names the file.</exception>
    public static SavedPlan Read(JsonElement json, string source)
    {
        try
        {
            RequireKnown(json, ["method", .. OptionKeys, "sites", "units", "also_train", "prefix", HashKey]);
            return new SavedPlan(ReadPlan(json), Optional(json, "prefix")?.GetString(), Optional(json, HashKey)?.GetString());
        }
        catch (Exception error) when (error is KeyNotFoundException or InvalidOperationException or FormatException or ArgumentException or InvalidInputException)
        {
            throw new InvalidInputException($"{source}: the key \"{Key}\" does not hold a plan as this program writes it: {error.Message}", error);
        }
    }

    private static PeftPlan ReadPlan(JsonElement json)
    {
        string method = Text(json, "method");
        bool empty = Required(json, "sites").GetArrayLength() == 0;
        if (empty != (method == BottleneckNames.None.Method))
            throw new InvalidInputException($"\"sites\" {(empty ? "is empty" : "has bottlenecks")}, but the method is '{method}'.");
        PeftPlan units = PeftPlan.OfUnits(
            [.. Optional(json, "units")?.EnumerateArray().Select(ReadUnit) ?? []], [.. Required(json, "also_train").EnumerateArray().Select(ReadPattern)]);
        return empty ? units : units with
        {
            Sites = [.. Required(json, "sites").EnumerateArray().Select(ReadSite)],
            Bottleneck = ReadOptions(json),
            Names = method switch
            {
                "lora" => BottleneckNames.Lora,
                "adapter" => BottleneckNames.Adapter,
                _ => throw new InvalidInputException($"method '{method}' is not known."),
            },
        };
    }

    private static JsonObject WriteUnit(UnitSite site) => new() { ["pattern"] = WritePattern(site.Pattern), ["unit"] = KnownUnits.Write(site.Kind) };

    private static UnitSite ReadUnit(JsonElement json)
    {
        RequireKnown(json, "pattern", "unit");
        return new UnitSite(ReadPattern(Required(json, "pattern")), KnownUnits.Read(Required(json, "unit")));
    }

    private static JsonObject WriteOptions(BottleneckOptions options) => new()
    {
        ["routing"] = options.Routing.Name,
        ["bottleneck"] = options.Kind.Name,
        ["rank"] = options.Rank,
        ["scale"] = options.Scale,
        ["bias"] = options.Bias,
        ["dropout"] = options.Dropout,
        ["activation"] = options.Activation?.Name(),
        ["initialization"] = options.Initialization.ToString(),
    };

    private static BottleneckOptions ReadOptions(JsonElement json) => new(
        Value(json, "rank", JsonValueKind.Number, one => one.GetInt64()),
        Value(json, "scale", JsonValueKind.Number, one => one.GetDouble()),
        KnownBottlenecks.Get(Text(json, "bottleneck")),
        KnownRoutingFunctions.Get(Text(json, "routing")),
        Flag(json, "bias"),
        Value(json, "dropout", JsonValueKind.Number, one => one.GetDouble()),
        Optional(json, "activation")?.GetString() is { } activation ? HiddenActivations.Parse(activation) : null,
        Named<BottleneckInitialization>(json, "initialization"));

    private static JsonObject WriteSite(PeftSite site) => new()
    {
        ["pattern"] = WritePattern(site.Pattern),
        ["attach"] = site.Attach.ToString(),
        ["share_as"] = site.ShareAs,
        ["width"] = site.Width,
        ["blocks"] = site.Blocks is null ? null : new JsonArray([.. site.Blocks.Enabled.Select(one => JsonValue.Create(one))]),
        ["block_routing"] = site.Blocks?.Routing.ToString(),
        ["own"] = site.Bottleneck is null ? null : WriteOptions(site.Bottleneck),
    };

    private static PeftSite ReadSite(JsonElement json)
    {
        RequireKnown(json, "pattern", "attach", "share_as", "width", "blocks", "block_routing", "own");
        OutputBlocks? fused = Optional(json, "blocks") is { } blocks
            ? new OutputBlocks([.. blocks.EnumerateArray().Select(one => one.GetBoolean())], Named<BlockRouting>(json, "block_routing"))
            : null;
        return new PeftSite(
            ReadPattern(Required(json, "pattern")), Named<Attachment>(json, "attach"), Optional(json, "share_as")?.GetString(), fused,
            Optional(json, "width")?.GetInt64(), Optional(json, "own") is { } own ? ReadOwn(own) : null);
    }

    private static BottleneckOptions ReadOwn(JsonElement json)
    {
        RequireKnown(json, OptionKeys);
        return ReadOptions(json);
    }

    private static JsonObject WritePattern(ModulePattern pattern) => new()
    {
        ["suffixes"] = pattern.SuffixList.IsEmpty ? null : new JsonArray([.. pattern.SuffixList.Select(one => JsonValue.Create(one))]),
        ["regex"] = pattern.Expression,
        ["layers"] = pattern.Layers is null ? null : new JsonArray([.. pattern.Layers.Order().Select(one => JsonValue.Create(one))]),
    };

    private static ModulePattern ReadPattern(JsonElement json)
    {
        RequireKnown(json, "suffixes", "regex", "layers");
        ModulePattern pattern = Optional(json, "regex") is { } regex
            ? ModulePattern.FullMatch(regex.GetString()!)
            : ModulePattern.Suffixes(Required(json, "suffixes").EnumerateArray().Select(one => one.GetString()!));
        return Optional(json, "layers") is { } layers ? pattern.InLayers(layers.EnumerateArray().Select(one => one.GetInt32())) : pattern;
    }

    private static JsonElement? Optional(JsonElement json, string key) =>
        json.TryGetProperty(key, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private static void RequireKnown(JsonElement json, params ReadOnlySpan<string> keys)
    {
        foreach (JsonProperty property in json.EnumerateObject())
            if (!keys.Contains(property.Name))
                throw new InvalidInputException($"the key \"{property.Name}\" is not known.");
    }

    private static T Named<T>(JsonElement json, string key) where T : struct, Enum =>
        Enum.TryParse(Text(json, key), out T value) && Enum.IsDefined(value) ? value
        : throw new InvalidInputException($"\"{key}\": expected one of {string.Join(", ", Enum.GetNames<T>())}, got \"{Text(json, key)}\".");

    private static string Text(JsonElement json, string key) => Value(json, key, JsonValueKind.String, one => one.GetString()!);

    private static T Value<T>(JsonElement json, string key, JsonValueKind kind, Func<JsonElement, T> read) =>
        Required(json, key) is var value && value.ValueKind == kind ? read(value)
        : throw new InvalidInputException($"\"{key}\": expected a {kind}, got {value.GetRawText()}.");

    private static bool Flag(JsonElement json, string key) => Required(json, key) switch
    {
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        var other => throw new InvalidInputException($"\"{key}\": expected true or false, got {other.GetRawText()}."),
    };

    private static JsonElement Required(JsonElement json, string key) =>
        json.TryGetProperty(key, out JsonElement value) ? value : throw new InvalidInputException($"the key \"{key}\" is missing.");
}
