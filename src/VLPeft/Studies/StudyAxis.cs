using VLPeft.Recipes;

namespace VLPeft.Studies;

/// <summary>Something that a study varies: the values of one recipe key, or named cases of several.</summary>
public sealed record StudyAxis
{
    /// <summary>What it is called; the last part of the key when it is left out.</summary>
    public string Name { get => field.Length > 0 || Key is null ? field : Key[(Key.LastIndexOf('.') + 1)..]; init; } = "";

    /// <summary>A recipe key, as <c>peft.routing</c>.</summary>
    public string? Key { get; init; }

    /// <summary>The key's values.</summary>
    public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>Instead of key and values: cases that change several keys, or none.</summary>
    public IReadOnlyList<StudyCase> Cases { get; init; } = [];

    /// <summary>All values, as cases.</summary>
    public IReadOnlyList<StudyCase> All() => Key is null ? Cases : [.. Values.Select(value => new StudyCase { Name = value, Set = [$"{Key}={value}"] })];

    internal void Validate()
    {
        Check.That(Key is null ? Cases.Count > 0 && Values.Count == 0 : Values.Count > 0 && Cases.Count == 0, $"axes ('{Name}')",
            "a key with values, or cases", Key is null ? "neither or both" : "a key without values, or with cases");
        Check.That(Name.Length > 0, "axes", "a name for an axis of cases", null);
        string[] names = [.. All().Select(one => one.Name)];
        Check.That(names.All(name => name.Length > 0) && names.Distinct().Count() == names.Length, $"axes ('{Name}')", "different values, none of them empty", string.Join(", ", names));
    }
}

/// <summary>A named value of an axis.</summary>
public sealed record StudyCase
{
    /// <summary>What it is called.</summary>
    public string Name { get; init; } = "";

    /// <summary>Its overrides of the recipe, as <c>peft.rank=4</c>; none for what the base recipe says.</summary>
    public IReadOnlyList<string> Set { get; init; } = [];
}

/// <summary>One combination of the axes' values.</summary>
/// <param name="Values">Each axis with the name of its value.</param>
/// <param name="Set">The overrides that make it.</param>
public sealed record StudyVariant(IReadOnlyList<(string Axis, string Value)> Values, IReadOnlyList<string> Set)
{
    /// <summary>Its values, as "multiply, adapter".</summary>
    public string Name => string.Join(", ", Values.Select(one => one.Value));

    internal StudyVariant With(string axis, StudyCase one) => new([.. Values, (axis, one.Name)], [.. Set, .. one.Set]);
}
