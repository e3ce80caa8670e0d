namespace VLPeft.Evaluation.Captions.Lexing;

/// <summary>A rule of a lexer: of all rules the one with the longest match acts, the context included; of equal ones the first.</summary>
/// <param name="Token">What the token looks like.</param>
/// <param name="Context">What must stand behind it; it is not taken.</param>
/// <param name="Write">The token's text from what was matched; null writes it as it stands.</param>
internal sealed record LexerRule(Pattern Token, Pattern? Context = null, Func<string, string>? Write = null)
{
    /// <summary>So many characters at the end are given back after the match and read again.</summary>
    public int GiveBack { get; init; }

    /// <summary>What is given back belongs to the token all the same, so it comes twice.</summary>
    public bool Repeats { get; init; }

    /// <summary>Nothing is written.</summary>
    public bool Skips { get; init; }
}
