using System.Runtime.InteropServices;
using VLPeft.Cli.Reports;
using VLPeft.Data;
using VLPeft.Evaluation;
using VLPeft.Experiments;
using VLPeft.Training;

namespace VLPeft.Cli.Demo;

/// <summary>The page a person reads: the table with its setting, learning curves, and pictures with each variant's answer.</summary>
internal static class DemoReport
{
    private const int Pictures = 6;

    public static ReportModel Of(DemoOptions options, IReadOnlyList<DemoRun> runs, IReadOnlyList<VariantResult> variants, DemoBaselines baselines, TimeSpan took) => new(
        "Routing functions on procedural scenes",
        Summary(variants, baselines),
        [.. DemoCollector.SettingOf(DemoPlan.RecipeOf(runs[0]), options).Select(one => (one.Key.Replace('_', ' '), $"{one.Value}"))],
        variants,
        [
            new BaselineResult("majority", baselines.Majority, "the commonest training answer to everything"),
            new BaselineResult("majority per question", baselines.MajorityPerQuestion, "the commonest training answer to the same question string"),
            new BaselineResult("text only", baselines.TextOnly, "LoRA trained with zeros in place of every image feature"),
            new BaselineResult("shuffled images", baselines.ShuffledImages, "multiply, trained and tested with other questions' pictures"),
        ],
        Examples(runs),
        File.ReadAllText(runs.First(run => run.Variant == variants[^1].Name).Files.Audit),
        Machine(options, took),
        options.Command,
        "VQA accuracy",
        "%");

    /// <summary>What came out, in measured numbers and whichever way it falls.</summary>
    public static string Summary(IReadOnlyList<VariantResult> variants, DemoBaselines baselines)
    {
        VariantResult none = variants[0], best = variants.Skip(1).MaxBy(variant => variant.Mean)!;
        PairedDifference? difference = best.DifferenceTo(none);
        string compared = $"Plain LoRA reaches {none.Mean:0.0} % VQA accuracy (mean of {none.Seeds.Count} seeds), text alone {baselines.TextOnly:0.0} %. ";
        return compared + (difference is { Mean: > 0 }
            ? $"Of the routing functions, at equal trainable parameters, {best.Name} does best: {best.Mean:0.0} %, {difference.Mean:0.0} points above plain LoRA."
            : $"No routing function does better; the best, {best.Name}, reaches {best.Mean:0.0} %.");
    }

    internal static IReadOnlyList<(string Key, string Value)> Machine(DemoOptions options, TimeSpan took) =>
    [
        ("processor", $"{RuntimeInformation.ProcessArchitecture}, {Environment.ProcessorCount} cores"),
        ("system", RuntimeInformation.OSDescription),
        ("runtime", RuntimeInformation.FrameworkDescription),
        ("runs side by side", $"{options.Workers}, one thread each"),
        ("time", $"{took.TotalSeconds:0} s"),
    ];

    /// <summary>The first test pictures, each with two questions that the variants of seed 0 don't all answer alike, where there are such.</summary>
    private static IReadOnlyList<PictureExample> Examples(IReadOnlyList<DemoRun> runs)
    {
        DemoRun[] first = [.. runs.Where(run => run.Seed == 0 && DemoPlan.Variants.Contains(run.Variant))];
        VqaSplit test = new VqaData(DemoPlan.RecipeOf(first[0]).Data, 0).Get(Split.Test);
        var answers = first.ToDictionary(run => run.Variant, run => VqaResultFile.Read(run.Files.Predictions(Split.Test)).ToDictionary(one => one.QuestionId, one => one.Answer));
        VqaExample[][] chosen =
        [
            .. test.Examples.GroupBy(example => example.ImageId).Take(Pictures).Select(picture => picture
                .OrderByDescending(example => answers.Values.Select(own => own[example.QuestionId]).Distinct().Count() > 1).Take(2).ToArray()),
        ];
        var answered = first.ToDictionary(run => run.Variant, run => Answer(run, test, chosen));
        return [.. chosen.Select((questions, picture) => Example(test, questions, picture, answered))];
    }

    private static VqaAnswer[][] Answer(DemoRun run, VqaSplit test, VqaExample[][] chosen)
    {
        using VqaExperiment experiment = VqaRun.Open(run.Files.Folder, new PlainRunReporter(NullProgress.Instance));
        return [.. chosen.Select(questions => questions.Select(one => experiment.Answer(one.Question, test.Images!.PathOf(one.ImageId), top: 1)[0]).ToArray())];
    }

    private static PictureExample Example(VqaSplit test, VqaExample[] questions, int picture, Dictionary<string, VqaAnswer[][]> answered)
    {
        string file = test.Images!.PathOf(questions[0].ImageId);
        return new PictureExample(File.ReadAllBytes(file), "image/png", $"Test picture {questions[0].ImageId}: coloured shapes on a plain background",
            [.. questions.Select((question, index) => new QuestionExample(question.Question, Truth(question),
                [.. answered.Select(one => Shown(one.Key, one.Value[picture][index], question))]))]);
    }

    private static AnswerExample Shown(string variant, VqaAnswer answer, VqaExample question) =>
        new(variant, answer.Answer, answer.Probability, VqaAccuracy.Score(question.Answers, answer.Answer) >= 0.5);

    private static string Truth(VqaExample example) => example.Answers.GroupBy(answer => answer).MaxBy(group => group.Count())!.Key;
}
