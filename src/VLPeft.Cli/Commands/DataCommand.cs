using System.CommandLine;
using VLPeft.Data.Scenes;

namespace VLPeft.Cli.Commands;

/// <summary><c>vlpeft data make-scenes FOLDER</c>: the procedural benchmark as files in VQAv2's format.</summary>
internal static class DataCommand
{
    public static Command Create(CliConsole console) => new("data", "Make data sets.") { MakeScenes(console) };

    private static Command MakeScenes(CliConsole console)
    {
        Argument<string> folder = new("folder") { Description = "Where it goes; a data set made by the same options is left as it is." };
        Option<long> seed = new("--seed") { Description = "Seeds the scenes.", DefaultValueFactory = _ => 1 };
        Option<int> train = new("--train") { Description = "Training pictures.", DefaultValueFactory = _ => 4000 };
        Option<int> validation = new("--validation") { Description = "Validation pictures.", DefaultValueFactory = _ => 500 };
        Option<int> test = new("--test") { Description = "Test pictures.", DefaultValueFactory = _ => 1000 };
        Option<int> questions = new("--questions") { Description = "Questions a picture.", DefaultValueFactory = _ => 6 };
        var command = new Command("make-scenes", "Draw scenes and ask about them: questions, annotations, captions and pictures in VQAv2's and COCO's formats, compositional questions in GQA's, statements about two pictures in NLVR2's.")
        {
            folder, seed, train, validation, test, questions,
        };
        command.SetAction(parsed =>
        {
            Require(parsed.GetValue(seed) >= 0, "--seed", "0 or more", parsed.GetValue(seed));
            foreach (Option<int> pictures in new[] { train, validation, test })
                Require(parsed.GetValue(pictures) is >= 1 and <= 1_000_000, pictures.Name, "1 to 1,000,000 pictures", parsed.GetValue(pictures));
            Require(parsed.GetValue(questions) is >= 1 and <= SceneQuestions.MaximumPerScene, "--questions", $"1 to {SceneQuestions.MaximumPerScene}", parsed.GetValue(questions));
            SceneDatasetSummary made = SceneDataset.EnsureGenerated(
                new SceneOptions
                {
                    Seed = (ulong)parsed.GetValue(seed),
                    TrainImages = parsed.GetValue(train),
                    ValidationImages = parsed.GetValue(validation),
                    TestImages = parsed.GetValue(test),
                    QuestionsPerImage = parsed.GetValue(questions),
                },
                parsed.GetValue(folder)!);
            foreach ((SceneSplit split, SceneSplitCounts counts) in made.Splits)
                console.Line($"{SceneDataset.NameOf(split)}: {counts.Images:N0} pictures, {counts.Questions:N0} questions, {counts.Captions:N0} captions, "
                    + $"{counts.Compositions:N0} compositional questions, {counts.Pairs:N0} pairs with a statement");
            if (made.Reused)
                console.Line("(was there already)");
            return ExitCode.Done;
        });
        return command;
    }

    private static void Require(bool holds, string option, string expected, long got)
    {
        if (!holds)
            throw new InvalidInputException($"{option}: expected {expected}, got {got}.");
    }
}
