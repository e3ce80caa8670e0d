using System.Globalization;

namespace VLPeft.Evaluation.Captions.Meteors;

/// <summary>WordNet's synsets of a word and of what it may be a form of.</summary>
internal sealed class MeteorSynonyms
{
    // Tried in this order; the first that gives a known word is taken.
    private static readonly (string Ending, string Base)[] Endings =
    [
        ("s", ""), ("ses", "s"), ("xes", "x"), ("zes", "z"), ("ches", "ch"), ("shes", "sh"), ("men", "man"), ("ies", "y"), // nouns
        ("s", ""), ("ies", "y"), ("es", "e"), ("es", ""), ("ed", "e"), ("ed", ""), ("ing", "e"), ("ing", ""), // verbs
        ("er", ""), ("est", ""), ("er", "e"), ("est", "e"), // adjectives
    ];

    private readonly Dictionary<string, int[]> _synsets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<string>> _bases = new(StringComparer.Ordinal);

    /// <param name="synsets">A word on one line, its synsets on the next.</param>
    /// <param name="exceptions">A base form on one line, its irregular forms on the next.</param>
    public MeteorSynonyms(IReadOnlyList<string> synsets, IReadOnlyList<string> exceptions)
    {
        for (int i = 0; i + 1 < synsets.Count; i += 2)
            _synsets[synsets[i]] = [.. Parts(synsets[i + 1]).Select(number => int.Parse(number, CultureInfo.InvariantCulture))];
        for (int i = 0; i + 1 < exceptions.Count; i += 2)
        {
            foreach (string form in Parts(exceptions[i + 1]))
            {
                if (!_bases.TryGetValue(form, out List<string>? bases))
                    _bases.Add(form, bases = []);
                bases.Add(exceptions[i]);
            }
        }
    }

    /// <summary>In ascending order.</summary>
    public int[] SynsetsOf(string word) => [.. BasesOf(word).Prepend(word).SelectMany(one => _synsets.GetValueOrDefault(one, [])).Distinct().Order()];

    private IEnumerable<string> BasesOf(string word)
    {
        if (_bases.TryGetValue(word, out List<string>? bases))
            return bases;
        return word.Length > 2 && !word.EndsWith("ss", StringComparison.Ordinal) && RegularBase(word) is string known ? [known] : [];
    }

    private string? RegularBase(string word) => Endings
        .Where(ending => word.EndsWith(ending.Ending, StringComparison.Ordinal))
        .Select(ending => word[..^ending.Ending.Length] + ending.Base)
        .FirstOrDefault(_synsets.ContainsKey);

    private static string[] Parts(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
