namespace VLPeft.Evaluation.Captions.Ptb;

/// <summary>How the treebank writes what was matched.</summary>
internal static class PtbText
{
    public static string WithoutSoftHyphens(string token)
    {
        string text = token.Replace("\u00AD", "", StringComparison.Ordinal);
        return text.Length == 0 ? "-" : text;
    }

    /// <summary>Quotation marks that open: ` and ``.</summary>
    public static string Opening(string token) => Curly(Entities(token).Replace("'", "`", StringComparison.Ordinal).Replace("\"", "``", StringComparison.Ordinal));

    /// <summary>Quotation marks that close, and apostrophes: ' and ''.</summary>
    public static string Closing(string token) => Curly(Entities(token).Replace("\"", "''", StringComparison.Ordinal));

    public static string Brackets(string token) => NoBreak(token)
        .Replace("(", "-LRB-", StringComparison.Ordinal).Replace(")", "-RRB-", StringComparison.Ordinal);

    public static string NoBreak(string token) => token.Replace(' ', '\u00A0');

    public static string Ampersand(string token) => token.Replace("&amp;", "&", StringComparison.OrdinalIgnoreCase);

    public static string Dashes(string token) => token.Length is 3 or 4 ? "--" : token;

    public static string Fraction(string token) => token switch
    {
        "¼" => "1/4",
        "½" => "1/2",
        "¾" => "3/4",
        "\u2153" => "1/3",
        "\u2154" => "2/3",
        _ => token,
    };

    public static string Currency(string token) => token switch
    {
        "¢" => "cents",
        "£" => "#",
        "\u0080" or "¤" or "\u20A0" or "\u20AC" => "$",
        _ => token,
    };

    /// <summary>Java's toLowerCase in an English locale.</summary>
    public static string Lower(string token)
    {
        string lower = PythonText.Lower(token, Python.Three);
        return lower.Contains('σ') && token.Contains('Σ') ? FinalSigmas(token, lower) : lower;
    }

    // A capital sigma at the end of a word becomes the final form. Without İ, which grows, positions agree.
    private static string FinalSigmas(string token, string lower)
    {
        if (lower.Length != token.Length)
            return lower;
        char[] text = lower.ToCharArray();
        for (int i = 0; i < text.Length; i++)
        {
            if (token[i] == 'Σ' && i > 0 && char.IsLetter(token[i - 1]) && (i + 1 == text.Length || !char.IsLetter(token[i + 1])))
                text[i] = 'ς';
        }
        return new string(text);
    }

    private static string Entities(string token) => token.Contains('&')
        ? token.Replace("&apos;", "'", StringComparison.OrdinalIgnoreCase).Replace("&quot;", "\"", StringComparison.OrdinalIgnoreCase)
        : token;

    private static string Curly(string token)
    {
        if (!token.AsSpan().ContainsAnyExceptInRange('\0', '\u007F'))
            return token;
        return string.Concat(token.Select(c => c switch
        {
            '\u0091' or '\u2018' or '\u201B' or '\u2039' => "`",
            '\u0092' or '\u2019' or '\u203A' => "'",
            '\u0093' or '\u201C' or '«' => "``",
            '\u0094' or '\u201D' or '»' => "''",
            _ => c.ToString(),
        }));
    }
}
