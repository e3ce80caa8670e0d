namespace VLPeft.Peft;

/// <summary>
/// How the names in an adapter file and those in a backbone differ: either may stand under a prefix that the other lacks
/// ("roberta.encoder…" in the file of a whole classifier, "encoder…" in the bare encoder, or the other way round).
/// </summary>
/// <param name="File">What the file's names have in front, after "base_model.model.".</param>
/// <param name="Model">What the backbone's names have in front.</param>
internal sealed record HubPrefixes(string File, string Model)
{
    /// <summary>The same names in both.</summary>
    public static HubPrefixes None { get; } = new("", "");

    /// <summary>
    /// The pair of prefixes under which most of the file's modules are the backbone's, and of equals the shortest; null when no module has
    /// a name in common. The layer's number is never part of both prefixes: layer 5 is not layer 0 of another model.
    /// </summary>
    /// <exception cref="InvalidInputException">Two places in the backbone fit alike; names both.</exception>
    public static HubPrefixes? Find(IEnumerable<string> fileModules, IEnumerable<string> modelModules, string source)
    {
        ILookup<string, string> places = modelModules.Distinct().SelectMany(Cuts).ToLookup(cut => cut.Tail, cut => cut.Before, StringComparer.Ordinal);
        var found = new Dictionary<HubPrefixes, int>();
        foreach (string name in fileModules.Distinct())
            if (Cuts(name).FirstOrDefault(cut => places.Contains(cut.Tail)) is { Tail.Length: > 0 } longest)
                foreach (string before in places[longest.Tail].Where(before => !HasNumber(before) || !HasNumber(longest.Before)))
                {
                    var pair = new HubPrefixes(longest.Before, before);
                    found[pair] = found.GetValueOrDefault(pair) + 1;
                }
        var best = found.OrderByDescending(one => one.Value).ThenBy(one => one.Key.Length).ThenBy(one => one.Key.Model, StringComparer.Ordinal).Take(2).ToList();
        if (best is [var first, var second] && first.Value == second.Value && first.Key.Length == second.Key.Length)
            throw new InvalidInputException($"{source}: its names fit the model's modules under '{first.Key.Model}' and under '{second.Key.Model}' alike; "
                + "load it into the one of the two that is meant.");
        return best.Count == 0 ? null : best[0].Key;
    }

    /// <summary>The backbone's name as the file has it; null when it stands elsewhere in the backbone.</summary>
    public string? InFile(string local) => local.StartsWith(Model, StringComparison.Ordinal) ? File + local[Model.Length..] : null;

    /// <summary>The file's name as the backbone has it; null when it is about something else.</summary>
    public string? InModel(string name) => name.StartsWith(File, StringComparison.Ordinal) ? Model + name[File.Length..] : null;

    private int Length => File.Length + Model.Length;

    // "a.b.c" → ("", "a.b.c"), ("a.", "b.c"), ("a.b.", "c").
    private static IEnumerable<(string Before, string Tail)> Cuts(string name)
    {
        yield return ("", name);
        for (int dot = name.IndexOf('.', StringComparison.Ordinal); dot >= 0; dot = name.IndexOf('.', dot + 1))
            yield return (name[..(dot + 1)], name[(dot + 1)..]);
    }

    private static bool HasNumber(string prefix) => ModulePattern.LayerOf(prefix) is not null;
}
