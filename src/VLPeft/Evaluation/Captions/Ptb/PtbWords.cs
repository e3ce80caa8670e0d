using VLPeft.Evaluation.Captions.Lexing;
using static VLPeft.Evaluation.Captions.Ptb.PtbCharacters;

namespace VLPeft.Evaluation.Captions.Ptb;

/// <summary>Words, contractions and compounds.</summary>
internal static class PtbWords
{
    public static readonly Pattern Apostrophe = CharSet.Of("'\u0092\u2019") | "&apos;";

    /// <summary>Apostrophes and what is typed for them inside a word.</summary>
    public static readonly Pattern InnerApostrophe = CharSet.Of("'\u0092\u2019\u0091\u2018\u201B") | "&apos;";

    private static readonly Pattern WordLetter =
        WordCharacter | ("&" + CharSet.Of("aeiouAEIOU") + Pattern.Words("acute; grave; uml;"));

    /// <summary>Letters; a full stop or an exclamation mark between letters does not end it.</summary>
    public static readonly Pattern Word = WordLetter.Some() + (CharSet.Of(".!?") + WordLetter.Some()).Any();

    /// <summary>'s, 'm, 'd, 're, 've, 'll.</summary>
    public static readonly Pattern Clitic = Apostrophe + (CharSet.Of("msdMSD") | Pattern.Words("re ve ll"));

    public static readonly Pattern NotClitic = "n" + InnerApostrophe + "t";

    /// <summary>What n't may hang on: it does not end in n.</summary>
    public static readonly Pattern NegatedWord =
        (AsciiLetter | CharSet.Of("\u00AD")).Any() + CharSet.Of("", ('A', 'M'), ('O', 'Z'), ('a', 'm'), ('o', 'z')) + CharSet.Of("\u00AD").Any();

    /// <summary>Words whose apostrophe is theirs: 'n', 'em, ol', '90s, O'Neil-like names, French borrowings.</summary>
    public static readonly Pattern ApostropheWord =
        (Apostrophe + "n" + Apostrophe.Optional())
        | (CharSet.Of("lLdDjJ") + Apostrophe)
        | (Pattern.Words("dunkin somethin ol") + Apostrophe)
        | (Apostrophe + Pattern.Words("em til till cause"))
        | (CharSet.Of("n", ('A', 'H'), ('J', 'X'), ('Z', 'Z')) + InnerApostrophe + PlainLetter + PlainLetter.Some())
        | (Apostrophe + CharSet.Of("", ('2', '9')) + "0s")
        | (PlainLetter.Some() + CharSet.Of("aeiouyAEIOUY") + InnerApostrophe + CharSet.Of("aeiou", ('A', 'Z')) + PlainLetter.Any())
        | Pattern.Words("cont'd cont'd. nor'easter c'mon e'er s'mores ev'ry li'l nat'l");

    /// <summary>Letters and digits joined by hyphens, as d'Arcy-Smith.</summary>
    public static readonly Pattern Compound = Part() + (Hyphen + Part()).Any();

    /// <summary>Capitals joined by + or &amp;: AT&amp;T.</summary>
    public static readonly Pattern JoinedCapitals = AsciiUpper.Some() + ((CharSet.Of("+&") | "&amp;") + AsciiUpper.Some()).Some();

    /// <summary>and/or, 4km/h.</summary>
    public static readonly Pattern Slashed = SlashPart() + (CharSet.Of("\\").Optional() + "/" + SlashPart()).Times(1, 2);

    /// <summary>Hyphenated words that may start with numbers like 1,000 and end in U.S.</summary>
    public static readonly Pattern HyphenatedThing =
        AsciiAlphanumeric + (AsciiAlphanumeric | CharSet.Of(".,\u00AD")).Any()
        + ("-" + ((AsciiAlphanumeric | CharSet.Of("\u00AD")).Some() | (PtbAbbreviations.Acronym + "."))).Some();

    /// <summary>The treebank's own words.</summary>
    public static readonly Pattern Special =
        Pattern.Words("-RRB- -LRB- -RCB- -LCB- -RSB- -LSB- C.D.s pro- anti-")
        | ("S" + Pattern.Words("& &amp;") + Pattern.Words("P-500 Ls"))
        | ("Cap" + Apostrophe + "n") | ("c" + Apostrophe + "est");

    private static Pattern Part() => (CharSet.Of("dDoOlL") + InnerApostrophe + Alphanumeric).Optional() + Alphanumeric.Some();

    private static Pattern SlashPart() => AsciiAlphanumeric.Some() + ("-" + AsciiLetter.Some()).Times(0, 2);
}
