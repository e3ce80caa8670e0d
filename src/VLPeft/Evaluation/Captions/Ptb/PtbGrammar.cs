using VLPeft.Evaluation.Captions.Lexing;
using static VLPeft.Evaluation.Captions.Ptb.PtbCharacters;

namespace VLPeft.Evaluation.Captions.Ptb;

/// <summary>
/// The rules of the tokenizer the official caption evaluation uses (Stanford CoreNLP 3.4.1 with its defaults), written anew from its
/// behaviour. The longest match wins, the first of equal ones.
/// </summary>
internal static class PtbGrammar
{
    private static readonly Pattern Ellipsis = ("." + CharSet.Of(".").Times(2, 4)) | CharSet.Of("\u0085\u2026");
    private static readonly Pattern SpacedEllipsis = ("." + CharSet.Of(" \u00A0")).Times(2, 4) + ".";
    private static readonly CharSet Eye = CharSet.Of("^x=~<>'-");

    public static IReadOnlyList<LexerRule> Rules { get; } =
    [
        .. Words(), .. Addresses(), .. Numbers(), .. Abbreviations(), .. QuotesAndBrackets(), .. Marks(), .. Compounds(), .. LooseQuotes(),
        new(Sign),
        new(Space.Some() | CharSet.Of("\0\u200B\u200E\u200F\uFEFF") | NewlineCharacter | "&nbsp;") { Skips = true },
    ];

    private static IEnumerable<LexerRule> Words() =>
    [
        new(Pattern.Words("c++ c# f#")),
        new(Pattern.Words("cannot 'twas")) { GiveBack = 3 },
        new((PtbWords.Apostrophe + "tis") | Pattern.Words("gonna gotta lemme gimme wanna"), Write: PtbText.Closing) { GiveBack = 2 },
        new(PtbNumbers.Markup, Write: PtbText.NoBreak),
        new(Pattern.Words("&MD; &mdash; &ndash;") | CharSet.Of("\u0096\u0097–—―"), Write: _ => "--"),
        new("&amp;", Write: PtbText.Ampersand),
        new(("&" + Pattern.Words("HT TL UR LR QC QL QR odq cdq") + ";") | ("&#" + Ascii09.Some() + ";")),
        new(PtbWords.Word, PtbWords.Clitic, PtbText.WithoutSoftHyphens),
        new(PtbWords.NegatedWord, PtbWords.NotClitic, PtbText.WithoutSoftHyphens),
        new(PtbWords.Word, Write: PtbText.WithoutSoftHyphens),
        new(PtbWords.ApostropheWord, Write: PtbText.Closing),
        new("y" + PtbWords.Apostrophe, PlainLetter, PtbText.Closing),
    ];

    private static IEnumerable<LexerRule> Addresses() =>
    [
        new(PtbNumbers.FullUrl),
        new(PtbNumbers.LikelyUrl),
        new(PtbNumbers.Email),
        new(PtbNumbers.UserName | ("#" + PtbWords.Word)),
        new(PtbWords.Clitic, CharSet.Except(AsciiLetter), PtbText.Closing),
        new(PtbWords.NotClitic, Write: PtbText.Closing),
    ];

    private static IEnumerable<LexerRule> Numbers() =>
    [
        new(PtbNumbers.Date),
        new(PtbNumbers.Number, Write: PtbText.WithoutSoftHyphens),
        new(PtbNumbers.RaisedOrLowered),
        new(PtbNumbers.Fraction, Write: PtbText.NoBreak),
        new(PtbNumbers.FractionSign, Write: PtbText.Fraction),
        new(PtbWords.Special, Write: PtbText.Ampersand),
        new(PtbWords.Slashed),
        new((AsciiUpper.Any() + "$") | "#"),
        new(Currency, Write: PtbText.Currency),
    ];

    private static IEnumerable<LexerRule> Abbreviations() =>
    [
        new(PtbAbbreviations.Acronym + ".", White.Some() + PtbAbbreviations.SentenceStart + White) { GiveBack = 1, Repeats = true },
        new(PtbAbbreviations.BeforeNumber, White.Optional() + Digit),
        new(Pattern.Words("Pty. Pte. Co."), Space + Pattern.Words("ltd lim")),
        new(PtbAbbreviations.BeforeLowerCase, White + (White | Upper | PtbNumbers.Markup)) { GiveBack = 1, Repeats = true },
        new(PtbAbbreviations.BeforeLowerCase, CharSet.Except("")),
        new(PtbAbbreviations.BeforeLowerCase) { GiveBack = 1, Repeats = true }, // at the end of the text
        new(PtbAbbreviations.BeforeCapital),
        new(PtbAbbreviations.Acronym, White),
        new(PtbWords.Apostrophe + Ascii09 + Ascii09, White, PtbText.Closing),
        new(PtbWords.Word + ".", Pause, PtbText.WithoutSoftHyphens),
        new(PtbNumbers.Phone, Write: PtbText.Brackets),
    ];

    private static IEnumerable<LexerRule> QuotesAndBrackets() =>
    [
        new(Pattern.Words("\" &quot;"), AsciiAlphanumeric | CharSet.Of("$"), PtbText.Opening),
        new(Pattern.Words("\" &quot;"), Write: PtbText.Closing),
        new(Pattern.Words("< &lt;"), Write: _ => "<"),
        new(Pattern.Words("> &gt;"), Write: _ => ">"),
        new(CharSet.Of("<>").Optional() + CharSet.Of(":;=") + CharSet.Of("-o*'").Optional() + CharSet.Of("()DPdpO\\{@|[]"),
            CharSet.Except(AsciiAlphanumeric), PtbText.Brackets),
        new((Eye + "_" + Eye) | ("(" + Eye + CharSet.Of("_.").Optional() + Eye + ")"), Write: PtbText.Brackets),
        new("{", Write: _ => "-LCB-"),
        new("}", Write: _ => "-RCB-"),
        new("[", Write: _ => "-LSB-"),
        new("]", Write: _ => "-RSB-"),
        new("(", Write: _ => "-LRB-"),
        new(")", Write: _ => "-RRB-"),
    ];

    private static IEnumerable<LexerRule> Marks() =>
    [
        new(CharSet.Of("-").Some(), Write: PtbText.Dashes),
        new(Ellipsis | SpacedEllipsis, Write: _ => "..."),
        new(CharSet.Of("@").Some() | CharSet.Of("#").Some() | CharSet.Of("_").Some()),
        new(CharSet.Of("*").Some() | Pattern.Literal("\\*").Times(1, 3)),
        new(Pause),
        new(CharSet.Of("?!").Some()),
        new(Stop),
        new("="),
        new("/"),
    ];

    private static IEnumerable<LexerRule> Compounds() =>
    [
        new(PtbWords.HyphenatedThing + ".", Pause, PtbText.WithoutSoftHyphens),
        new(PtbWords.HyphenatedThing, Write: PtbText.WithoutSoftHyphens),
        new(PtbWords.Compound + ".", Pause, PtbText.Closing),
        new(PtbWords.Compound, Write: PtbText.Closing),
        new(PtbWords.JoinedCapitals + ".", Pause, PtbText.Ampersand),
        new(PtbWords.JoinedCapitals, Write: PtbText.Ampersand),
    ];

    private static IEnumerable<LexerRule> LooseQuotes() =>
    [
        new("'", AsciiLetter + CharSet.Except(" \t\n\r\u00A0"), PtbText.Opening),
        new(PtbWords.Clitic, Write: PtbText.Closing),
        new(PtbWords.Apostrophe | "''" | Quote.Times(1, 2), Write: PtbText.Closing),
        new(Pattern.Words("<< >>")),
    ];
}
