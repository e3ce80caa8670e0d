using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace VLPeft.Peft;

/// <summary>The kinds of unit by name: those that a saved adapter can hold.</summary>
internal static class KnownUnits
{
    private const string NameKey = "kind";

    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters = { new JsonStringEnumConverter() },
    };

    private static readonly Dictionary<string, Type> All = new(StringComparer.Ordinal)
    {
        [Ia3Kind.KindName] = typeof(Ia3Kind),
        [DoraKind.KindName] = typeof(DoraKind),
        [CompacterKind.KindName] = typeof(CompacterKind),
        [PromptKind.KindName] = typeof(PromptKind),
        [PrefixTuningKind.KindName] = typeof(PrefixTuningKind),
    };

    /// <summary>A kind with its settings.</summary>
    /// <exception cref="InvalidInputException">It is not registered here, so that it could not be read again.</exception>
    public static JsonObject Write(IPeftUnitKind kind)
    {
        if (All.GetValueOrDefault(kind.Name) != kind.GetType())
            throw new InvalidInputException($"the method '{kind.Name}' is not registered in {nameof(KnownUnits)}, so that it can't be saved.");
        JsonObject json = JsonSerializer.SerializeToNode(kind, kind.GetType(), Options)!.AsObject();
        json.Remove("name");
        json.Insert(0, NameKey, kind.Name);
        return json;
    }

    /// <exception cref="InvalidInputException">The name is not known, or a setting is missing, unknown or out of range.</exception>
    public static IPeftUnitKind Read(JsonElement json)
    {
        JsonObject settings = JsonObject.Create(json) ?? throw new InvalidInputException("a unit's kind is no object.");
        if (!settings.Remove(NameKey, out JsonNode? name) || name is null || !All.TryGetValue(name.ToString(), out Type? type))
            throw new InvalidInputException($"a unit's \"{NameKey}\" is '{name}'; known are {string.Join(", ", All.Keys)}.");
        try
        {
            var kind = (IPeftUnitKind)settings.Deserialize(type, Options)!;
            kind.Validate();
            return kind;
        }
        catch (JsonException error)
        {
            throw new InvalidInputException($"the settings of '{name}' are not what this program writes: {error.Message}", error);
        }
    }
}
