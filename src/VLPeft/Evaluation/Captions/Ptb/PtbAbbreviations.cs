using VLPeft.Evaluation.Captions.Lexing;
using static VLPeft.Evaluation.Captions.Ptb.PtbCharacters;

namespace VLPeft.Evaluation.Captions.Ptb;

/// <summary>Abbreviations, by what usually follows them. Where ^ stands, the letter behind it is taken as it is written.</summary>
internal static class PtbAbbreviations
{
    /// <summary>U.S., a.m, p.m without the last full stop.</summary>
    public static readonly Pattern Acronym =
        (AsciiLetter + ("." + AsciiLetter).Some())
        | Pattern.Words("Canada-U.S Sino-U.S Korean-U.S EU-U.S Japan-U.S non-U.S U.S.-U.K U.S.-U.S.S.R");

    /// <summary>Followed by lower case; before a capital a sentence ends with them.</summary>
    public static readonly Pattern BeforeLowerCase = Pattern.Words(
        "Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec Mon Tue Tues Wed Thu Thurs Fri " +
        "Ala Ariz ^Az ^Ark Calif Colo Conn Ct Dak ^Del Fla Ga ^Ill Ind Kan Kans Ky ^La ^Mass Md Mich Minn ^Miss Mo Mont Neb Nev Okla ^Ore " +
        "^Pa Penn Tenn ^Tex Va Vt ^Wash Wis Wisc Wyo " +
        "Inc Co Cos Corp Pty Ptys Ppty Pptys Pte Ptes Ltd Plc Rt Bancorp Dept Bhd Assn Univ Intl Sys " +
        "Ph tel est ext sq Jr Sr Bros Ed.D Ph.D Blvd Rd Esq etc al seq") + ".";

    private static readonly Pattern TitleOrAcronym = AsciiLetter | Acronym | Pattern.Words(
        "Mr Mrs Ms ^Miss Dr Drs Prof Profs Sen Sens Rep Reps Atty Attys Lt Col Gen Messrs Gov Govs Adm Rev Maj Sgt Cpl Pvt Capt St Ste Ave " +
        "Pres Lieut Hon Brig Cmdr Comdr Pfc Spc Supt Supts Det Mt Ft Adj Adv Asst Assoc Ens Insp Mlle Mme Msgr Sfc " +
        "vs Alex Wm Jos Cie a.k.a cf TREAS Invt Elec Natl Mfg Mtg");

    /// <summary>Followed by a capital and no end of a sentence.</summary>
    public static readonly Pattern BeforeCapital = TitleOrAcronym + ".";

    /// <summary>Abbreviations in front of numbers alone.</summary>
    public static readonly Pattern BeforeNumber =
        Pattern.Words("ca fig figs prop no nos art arts bldg pp op") + ".";

    /// <summary>Words that start a sentence, so that an acronym in front of them ended one.</summary>
    public static readonly Pattern SentenceStart = Cased(
        "About According Additionally After An A As At But Earlier He Her Here However If In It Last Many More Mr. Ms. Now Once One Other " +
        "Our She Since So Some Such That The Their Then There These They This We When While What Yet You");

    private static Pattern Cased(string words) => Pattern.Words(string.Join(' ', words.Split(' ').Select(word => "^" + word)));
}
