using System.Xml.Linq;
using SkiaSharp;
using static VLPeft.Cli.Reports.Html;

namespace VLPeft.Cli.Reports;

/// <summary>Pictures, each with its questions and what every variant answered.</summary>
internal sealed class PictureCards(ReportModel model)
{
    private const int SmallPicture = 64; // pixels: below, they are shown as the squares they are

    private readonly Dictionary<string, int> _series =
        model.Variants.Select((variant, index) => (variant.Name, index)).ToDictionary(pair => pair.Name, pair => pair.index);

    public IEnumerable<XElement> Render() => model.Pictures.Select((picture, index) => Tag("article", Class("picture"),
        Tag("h3", $"Picture {index + 1}"),
        Picture(picture),
        Tag("div", Class("questions"), picture.Questions.Select(Question))));

    private static XElement Picture(PictureExample picture)
    {
        if (!picture.MimeType.StartsWith("image/", StringComparison.Ordinal))
            throw new ArgumentException($"A picture's MIME type starts with image/, this one is '{picture.MimeType}'.");
        SKImageInfo size = SKBitmap.DecodeBounds(picture.Image);
        bool known = size is { Width: > 0, Height: > 0 };
        bool small = known && Math.Max(size.Width, size.Height) <= SmallPicture;
        return Tag("img",
            Attr("src", $"data:{picture.MimeType};base64,{Convert.ToBase64String(picture.Image)}"), Attr("alt", picture.AltText),
            known ? Attr("width", size.Width) : null, known ? Attr("height", size.Height) : null, small ? Class("pixels") : null);
    }

    private XElement Question(QuestionExample question) => Tag(
        question.Question.Length == 0 ? "div" : "section", // a section has a heading
        question.Question.Length == 0 ? null : Tag("h4", question.Question),
        Tag("p", Class("truth"), question.Question.Length == 0 ? "Written by people: " : "Expected: ", Tag("strong", question.Truth)),
        question.Answers.Count == 0 ? null : Answers(question.Answers));

    private XElement Answers(IReadOnlyList<AnswerExample> answers)
    {
        bool probabilities = answers.Any(answer => double.IsFinite(answer.Probability));
        return Tag("table", Class(probabilities ? "answers" : "answers texts"),
            Tag("caption", Class("unseen"), "What each variant answered"),
            Tag("thead", Tag("tr", Tables.UnseenColumn("Variant"), Tables.UnseenColumn("Answer"),
                probabilities ? Tables.UnseenColumn("Probability") : null)),
            Tag("tbody", answers.Select(answer => Answer(answer, probabilities))));
    }

    private XElement Answer(AnswerExample answer, bool probabilities) => Tag("tr",
        answer.Right is { } right ? Class(right ? "right" : "wrong") : null,
        Tables.Row(new object?[]
            { _series.TryGetValue(answer.Variant, out int series) ? Series.SmallSwatch(series) : null, Tag("span", answer.Variant) }),
        Tag("td", answer.Right is { } isRight ? Mark(isRight) : null, Tag("span", answer.Answer)),
        probabilities ? Tables.Number(NumberText.Probability(answer.Probability) ?? "–") : null);

    private static XElement Mark(bool right) => Tag("svg",
        Class("mark"), Attr("width", "14"), Attr("height", "14"), Attr("viewBox", "0 0 14 14"), Attr("role", "img"),
        Attr("aria-label", right ? "right: " : "wrong: "),
        Tag("path", Attr("d", right ? "M2 7.5 L5.5 11 L12 3" : "M3 3 L11 11 M11 3 L3 11")));
}
