using VLPeft.Cli.Reports;
using VLPeft.Cli.Reports.Runs;
using VLPeft.Data;
using VLPeft.Evaluation;
using VLPeft.Experiments;
using VLPeft.Training;

namespace VLPeft.Cli.Demo;

/// <summary>Test pictures with each variant's answers and how sure it is of them.</summary>
internal static class VqaDemoPictures
{
    private const int Count = 6;

    /// <summary>The first test pictures, each with two questions that the runs don't all answer alike, where there are such.</summary>
    public static IReadOnlyList<PictureExample> Of(IReadOnlyList<DemoRun> runs)
    {
        VqaSplit test = new VqaData(DemoPlan.RecipeOf(runs[0]).Data, 0).Get(Split.Test);
        var answers = runs.ToDictionary(run => run.Variant, run => VqaResultFile.Read(run.Files.Predictions(Split.Test)).ToDictionary(one => one.QuestionId, one => one.Answer));
        VqaExample[][] chosen =
        [
            .. test.Examples.GroupBy(example => example.ImageId).Take(Count).Select(picture =>
                VqaReportedTask.Interesting(picture, id => answers.Values.Select(own => own[id])).ToArray()),
        ];
        var answered = runs.ToDictionary(run => run.Variant, run => Answer(run, test, chosen));
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
            [.. questions.Select((question, index) => new QuestionExample(question.Question, VqaReportedTask.Truth(question),
                [.. answered.Select(one => VqaReportedTask.Shown(one.Key, one.Value[picture][index].Answer, one.Value[picture][index].Probability, question))]))]);
    }
}
