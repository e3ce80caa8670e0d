using SkiaSharp;
using VLPeft.Cli.Reports;

namespace VLPeft.Tests.Reports;

/// <summary>Small reports whose figures are easy to check by hand.</summary>
internal static class ReportSamples
{
    /// <summary>
    /// none: 50, 52 (mean 51, sd √2); multiply: 60, 64 (mean 62, sd 2√2); multiply is 10 and 12 above (mean 11, sd √2).
    /// </summary>
    public static ReportModel Two() => new(
        "Two variants",
        "multiply reaches 62.00 %.",
        [("Task", "scenes"), ("Batch", "64")],
        [
            new VariantResult("none", 21146, [Seed(1, 50, [(100, 20), (200, 50)]), Seed(2, 52, [(100, 30), (200, 52)])]),
            new VariantResult("multiply", 21146, [Seed(1, 60, [(100, 40), (200, 60)]), Seed(2, 64, [(100, 44), (200, 64)])]),
        ],
        [new BaselineResult("majority", 14.6, "The most frequent answer.")],
        [
            new PictureExample(Png(32), "image/png", "a red circle", [
                new QuestionExample("what color is the circle?", "red", [
                    new AnswerExample("none", "blue", 0.4, false), new AnswerExample("multiply", "red", 0.925, true)])]),
        ],
        "query: routed",
        [("Cores", "2")],
        "vlpeft demo --output OUT",
        "VQA accuracy",
        "%");

    /// <summary>A report with all that one can hold, and a name too long for a phone.</summary>
    public static ReportModel Everything()
    {
        ReportModel two = Two();
        return two with
        {
            Variants = [.. two.Variants, .. Enumerable.Range(0, 6).Select(i => new VariantResult($"adapter / matmul-expand / rank {i} / patch tokens", 21146, [Seed(1, i, [(100, i), (200, 2 * i)])]))],
            Differences = new DifferenceResults("To none, with 95 % intervals.", [new DifferenceResult("multiply", "none", 11, 10, 14)]),
            Sweep = new Sweep("rank", [new SweepCurve("multiply", [(1, [20, 22]), (64, [60, 64])])]),
            Tables = [new ReportTable("Differences", "Mean over seeds (sd).", ["variant", "mean (sd)", "why not"], [["none", "51.00 (1.41)", ""], ["multiply", "failed", "error: the model is too wide for this machine, 4096 instead of 768"]])],
        };
    }

    /// <summary>A report whose pictures were asked nothing.</summary>
    public static ReportModel Captions() => Two() with
    {
        Pictures = [new PictureExample(Png(65), "image/png", "x", [new QuestionExample("", "a cat", [new AnswerExample("some other", "a dog", double.NaN, null)])])],
    };

    /// <summary>A report of these variants and nothing else.</summary>
    public static ReportModel Of(params VariantResult[] variants) =>
        new("Title", "Summary", [], variants, [], [], "", [], "", "score", "");

    public static SeedResult Seed(long seed, double score, (long Step, double Score)[]? curve = null) => new(
        seed, score, (curve ?? []).Select(point => new CurvePoint(point.Step, point.Score)).ToArray(),
        new Dictionary<string, double> { ["count"] = score - 10, ["color"] = score + 10 }, $"runs/{seed}");

    public static byte[] Png(int size)
    {
        using var bitmap = new SKBitmap(size, size / 2);
        bitmap.Erase(SKColors.Red);
        using SKData data = bitmap.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }
}
