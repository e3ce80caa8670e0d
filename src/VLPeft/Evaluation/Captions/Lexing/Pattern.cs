namespace VLPeft.Evaluation.Captions.Lexing;

/// <summary>
/// A regular expression as an object: <c>+</c> puts patterns one behind the other, <c>|</c> chooses, text matches in either case.
/// </summary>
internal abstract class Pattern
{
    public static implicit operator Pattern(string text) => Literal(text);

    public static Pattern operator +(Pattern first, Pattern second) => new SequencePattern(first, second);

    public static Pattern operator |(Pattern one, Pattern other) => new ChoicePattern([one, other]);

    /// <summary>Text whose ASCII letters match in either case.</summary>
    public static Pattern Literal(string text) => Sequence(text.Select(CharSet.EitherCase));

    /// <summary>One of several words, separated by spaces, in either case; of a word behind ^ the first letter is taken as it stands.</summary>
    public static Pattern Words(string words) => new ChoicePattern(
        [.. words.Split(' ').Select(word => word[0] == '^'
            ? Sequence(word[2..].Select(CharSet.EitherCase).Prepend(CharSet.Of(word[1..2])))
            : Literal(word))]);

    public Pattern Optional() => new RepeatPattern(this, 0, 1);

    public Pattern Any() => new RepeatPattern(this, 0, null);

    public Pattern Some() => new RepeatPattern(this, 1, null);

    public Pattern Times(int least, int most) => new RepeatPattern(this, least, most);

    private static Pattern Sequence(IEnumerable<Pattern> parts) => parts.Aggregate((all, next) => all + next);
}

internal sealed class SequencePattern(Pattern first, Pattern second) : Pattern
{
    public Pattern First => first;

    public Pattern Second => second;
}

internal sealed class ChoicePattern(IReadOnlyList<Pattern> choices) : Pattern
{
    public IReadOnlyList<Pattern> Choices => choices;
}

internal sealed class RepeatPattern(Pattern body, int least, int? most) : Pattern
{
    public Pattern Body => body;

    public int Least => least;

    /// <summary>Null for without end.</summary>
    public int? Most => most;
}
