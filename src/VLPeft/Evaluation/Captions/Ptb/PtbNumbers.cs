using VLPeft.Evaluation.Captions.Lexing;
using static VLPeft.Evaluation.Captions.Ptb.PtbCharacters;

namespace VLPeft.Evaluation.Captions.Ptb;

/// <summary>Numbers, dates, addresses.</summary>
internal static class PtbNumbers
{
    public static readonly Pattern Date =
        Digit.Times(1, 2) + CharSet.Of("-/") + Digit.Times(1, 2) + CharSet.Of("-/") + Digit.Times(2, 4);

    /// <summary>3,000.5, 10:30, -8.5, .52.</summary>
    public static readonly Pattern Number =
        CharSet.Of("-+").Optional() + (Digit.Some() | (Digit.Any() + (CharSet.Of(".:,\u00AD\u066B\u066C") + Digit.Some()).Some()));

    public static readonly Pattern RaisedOrLowered =
        CharSet.Of("\u207A\u207B\u208A\u208B").Optional()
        + (CharSet.Of("\u2070¹²³", ('\u2074', '\u2079')).Some() | CharSet.Of("", ('\u2080', '\u2089')).Some());

    /// <summary>A fraction, with a whole number before it or without.</summary>
    public static readonly Pattern Fraction =
        (Digit.Times(1, 4) + CharSet.Of("- \u00A0")).Optional()
        + Digit.Times(1, 4) + ((CharSet.Of("\\").Optional() + "/") | CharSet.Of("\u2044")) + Digit.Times(1, 4);

    public static readonly CharSet FractionSign = CharSet.Of("¼½¾", ('\u2153', '\u215E'));

    public static readonly Pattern Phone =
        ((("(" + Ascii09.Times(2, 3) + ")" + CharSet.Of(" \u00A0").Optional())
            | (Plus() + (Ascii09.Times(2, 4) + PhoneGap()).Optional() + Ascii09.Times(2, 4) + PhoneGap()))
            + Ascii09.Times(3, 4) + PhoneGap().Optional() + Ascii09.Times(3, 5))
        | ((Plus() + Ascii09.Times(2, 4) + ".").Optional() + Ascii09.Times(2, 4) + "." + Ascii09.Times(3, 4) + "." + Ascii09.Times(3, 5));

    private const string Break = " \t\n\f\r\"<>|";

    public static readonly Pattern FullUrl =
        Pattern.Words("http:// https://") + CharSet.Except(Break + "(){}").Some() + CharSet.Except(Break + ".!?(){},-");

    /// <summary>www.…, or lower case ending in .com and its like.</summary>
    public static readonly Pattern LikelyUrl =
        (("www." + (CharSet.Except(Break + ".!?(){},").Some() + ".").Some() + AsciiLetter.Times(2, 4))
            | ((CharSet.Except(CharSet.Of(Break + "`'.!?(){}$", (',', '_'))).Some() + ".").Some() + Pattern.Words("com net org edu")))
        + ("/" + CharSet.Except(Break + "()").Some() + CharSet.Except(Break + ".!?(){},-")).Optional();

    public static readonly Pattern Email =
        Pattern.Words("&lt; <").Optional() + AsciiAlphanumeric + CharSet.Except(Break + "()\u00A0{}").Any() + "@"
        + (CharSet.Except(Break + "(){}.\u00A0").Some() + ".").Any() + CharSet.Except(Break + "(){}.\u00A0").Some()
        + Pattern.Words("&gt; >").Optional();

    public static readonly Pattern UserName = "@" + (AsciiLetter | CharSet.Of("_")) + (AsciiAlphanumeric | CharSet.Of("_")).Any();

    /// <summary>Tags and declarations of simple markup.</summary>
    public static readonly Pattern Markup = "<" + (
        (CharSet.Of("!?") + (AsciiLetter | CharSet.Of("-")) + CharSet.Except(">\r\n").Any())
        | (CharSet.Of("/").Optional() + Name() + (Blank().Some() + Attribute()).Any() + Blank().Any() + CharSet.Of("/").Optional())) + ">";

    private static Pattern Attribute() =>
        (Name() + (Blank().Any() + "=" + Blank().Any() + Quoted()).Optional()) | Quoted() | (Blank().Any() + "/");

    private static Pattern Name() => AsciiLetter + (AsciiAlphanumeric | CharSet.Of(":.-")).Any();

    private static Pattern Quoted() => CharSet.Of("'\"") + CharSet.Except("\r\n'\"").Any() + CharSet.Of("'\"");

    private static CharSet Blank() => CharSet.Of(" ");

    private static Pattern Plus() => CharSet.Of("+").Times(0, 2);

    private static CharSet PhoneGap() => CharSet.Of("- \u00A0");
}
