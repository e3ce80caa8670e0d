using System.Collections.Immutable;
using System.Text.RegularExpressions;

namespace VLPeft.Peft;

/// <summary>
/// Which modules (or parameters) are meant, by name. As in Hugging Face PEFT: a list of suffixes (the whole name, or its end after a
/// dot), or one regular expression that must match the whole name.
/// </summary>
public sealed class ModulePattern
{
    private readonly ImmutableArray<string> _suffixes;
    private readonly Regex? _regex;
    private readonly ImmutableHashSet<int>? _layers;

    private ModulePattern(ImmutableArray<string> suffixes, Regex? regex, ImmutableHashSet<int>? layers) =>
        (_suffixes, _regex, _layers) = (suffixes, regex, layers);

    /// <summary>Names that are one of these, or end in a dot and one of these.</summary>
    public static ModulePattern Suffixes(params IEnumerable<string> suffixes)
    {
        ImmutableArray<string> list = [.. suffixes];
        if (list.IsEmpty || list.Any(string.IsNullOrWhiteSpace))
            throw new InvalidInputException("a module pattern needs at least one suffix, and none may be empty.");
        return new(list, null, null);
    }

    /// <summary>Names that match the expression from their first to their last character.</summary>
    /// <exception cref="InvalidInputException">It is no regular expression.</exception>
    public static ModulePattern FullMatch(string expression)
    {
        try
        {
            return new([], new Regex($"^(?:{expression})$", RegexOptions.CultureInvariant, TimeSpan.FromSeconds(5)), null);
        }
        catch (ArgumentException error)
        {
            throw new InvalidInputException($"'{expression}' is no regular expression: {error.Message}", error);
        }
    }

    /// <summary>The same pattern, for these layers only: the first number between two dots in a name is its layer.</summary>
    public ModulePattern InLayers(IEnumerable<int> layers) => new(_suffixes, _regex, [.. layers]);

    /// <summary>Whether a name is meant.</summary>
    public bool Matches(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        bool named = _regex?.IsMatch(name) ?? _suffixes.Any(suffix => EndsWith(name, suffix));
        return named && (_layers is null || (LayerOf(name) is { } layer && _layers.Contains(layer)));
    }

    /// <summary>The suffixes, empty for a regular expression.</summary>
    public ImmutableArray<string> SuffixList => _suffixes;

    /// <summary>The regular expression, null for suffixes.</summary>
    public string? Expression => _regex?.ToString()[4..^2];

    /// <summary>The layers the pattern is limited to, or null for all.</summary>
    public IReadOnlyCollection<int>? Layers => _layers;

    /// <summary>The name with the expression's groups put into <paramref name="replacement"/> ($1…): how sites name what they share.</summary>
    internal string Replace(string name, string replacement) => _regex?.Replace(name, replacement) ?? replacement;

    /// <summary>The first number that stands alone between dots: the layer of "encoder.layer.3.output".</summary>
    public static int? LayerOf(string name)
    {
        foreach (string part in name.Split('.'))
            if (int.TryParse(part, out int layer))
                return layer;
        return null;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        string what = Expression ?? string.Join(", ", _suffixes);
        return _layers is null ? what : $"{what} in layers {string.Join(", ", _layers.Order())}";
    }

    private static bool EndsWith(string name, string suffix) =>
        name.EndsWith(suffix, StringComparison.Ordinal) &&
        (name.Length == suffix.Length || name[name.Length - suffix.Length - 1] == '.');
}
