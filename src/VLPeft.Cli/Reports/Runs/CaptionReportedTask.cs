using System.Globalization;
using VLPeft.Evaluation.Captions;
using VLPeft.Experiments;
using VLPeft.Recipes;
using VLPeft.Studies;

namespace VLPeft.Cli.Reports.Runs;

/// <summary>Captioning: CIDEr first, the other metrics behind it, all × 100.</summary>
internal sealed class CaptionReportedTask : IReportedTask
{
    public string MetricName => "CIDEr × 100";

    public string Unit => "";

    public string GroupName => "other metric (× 100)";

    public int Decimals => 1;

    public string ValidationMetric => "cider";

    public SeedResult Result(RunFiles files, Recipe recipe, Split split)
    {
        IReadOnlyDictionary<string, double?> scores = EvaluatedRun.Evaluation<CaptionEvaluationReport>(files, split).Scores
            ?? throw new InvalidInputException($"run '{files.Folder}': its {RunFiles.Name(split)} split has no captions to score by.");
        var others = scores.Where(one => one.Key != "CIDEr" && one.Value is not null).ToDictionary(one => one.Key, one => 100 * one.Value!.Value);
        return new SeedResult(recipe.Seed, 100 * scores["CIDEr"]!.Value, EvaluatedRun.Curve(files, ValidationMetric, 100), others, files.Folder);
    }

    public ItemScores Items(RunFiles files, Recipe recipe, Split split)
    {
        string[] lines = File.ReadAllLines(files.PerImage(split));
        int column = Array.IndexOf(lines[0].Split(','), "CIDEr");
        string[][] cells = [.. lines.Skip(1).Select(line => line.Split(','))];
        return new ItemScores(
            [.. cells.Select(row => long.Parse(row[0], CultureInfo.InvariantCulture))],
            [.. cells.Select(row => 100 * double.Parse(row[column], CultureInfo.InvariantCulture))]);
    }

    public IReadOnlyList<PictureExample> Examples(IReadOnlyList<(string Variant, RunFiles Files)> runs, Split split, int pictures)
    {
        Recipe recipe = runs[0].Files.ReadRecipe();
        CaptionSplit data = new CaptionData(recipe.Data, recipe.Seed).Get(split);
        if (data.Images is not { } images)
            return [];
        var captions = runs.Select(run => (run.Variant, Said: CaptionResultFile.Read(run.Files.Predictions(split)))).ToList();
        return
        [
            .. ExamplePictures.Spread(data.Pictures, pictures).Select(picture => ExamplePictures.Read(
                images.PathOf(picture.ImageId), $"Picture {picture.ImageId}: {picture.Captions.FirstOrDefault("no human caption")}",
                [new QuestionExample("", string.Join(" · ", picture.Captions),
                    [.. captions.Select(one => new AnswerExample(one.Variant, one.Said[$"{picture.ImageId}"], double.NaN, null))])])),
        ];
    }
}
