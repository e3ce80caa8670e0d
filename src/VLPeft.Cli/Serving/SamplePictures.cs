using VLPeft.Cli.Reports.Runs;
using VLPeft.Data;
using VLPeft.Experiments;
using VLPeft.Recipes;

namespace VLPeft.Cli.Serving;

/// <summary>Pictures to try the runs with: from their test data, which they did not learn from.</summary>
internal static class SamplePictures
{
    private const int QuestionsPerPicture = 3;

    /// <summary>Some pictures of the first run of each task, evenly spread over its test split, or its validation split when it has no other.</summary>
    /// <param name="runs">The runs; those whose pictures are not named give none.</param>
    /// <param name="count">How many of each task.</param>
    /// <param name="note">Is told of a run whose data can't be read; what it was trained on may be gone, and it answers all the same.</param>
    public static IReadOnlyList<ServedPicture> Of(IReadOnlyList<IServedRun> runs, int count, Action<string> note)
    {
        List<ServedPicture> found = [];
        foreach (IGrouping<RecipeTask, IServedRun> task in runs.GroupBy(run => run.Recipe.Task))
        {
            IEnumerable<ServedPicture> own = task.Select(run => Of(run, count, note)).FirstOrDefault(samples => samples.Count > 0) ?? [];
            foreach (ServedPicture one in own)
                Join(found, one);
        }
        return [.. found.Select((one, index) => one with { Id = $"sample-{index + 1}" })];
    }

    private static IReadOnlyList<ServedPicture> Of(IServedRun run, int count, Action<string> note)
    {
        try
        {
            return run.Samples(count);
        }
        catch (InvalidInputException error)
        {
            note($"no samples of '{run.Files.Folder}': {error.Message}");
            return [];
        }
    }

    /// <summary>Pictures of question answering.</summary>
    public static IReadOnlyList<ServedPicture> Of(VqaData data, Recipe recipe, int count)
    {
        if ((data.Find(Split.Test) ?? data.Find(Split.Validation)) is not { Images: { } images } split)
            return [];
        var byPicture = split.Examples.GroupBy(example => example.ImageId).Select(group => group.ToArray()).ToList();
        return
        [
            .. ExamplePictures.Spread(byPicture, count).Select(questions => Sample(images, questions[0].ImageId, recipe) with
            {
                Questions = [.. questions.DistinctBy(one => one.Question).Take(QuestionsPerPicture).Select(one => new SampleQuestion(one.Question, Truth(one)))],
            }),
        ];
    }

    /// <summary>Pictures of captioning.</summary>
    public static IReadOnlyList<ServedPicture> Of(CaptionData data, Recipe recipe, int count)
    {
        if ((data.Find(Split.Test) ?? data.Find(Split.Validation)) is not { Images: { } images } split)
            return [];
        return [.. ExamplePictures.Spread(split.Pictures, count).Select(picture => Sample(images, picture.ImageId, recipe) with { Captions = picture.Captions })];
    }

    /// <summary>What says that two recipes read the same pictures under the same ids.</summary>
    public static string DataOf(Recipe recipe) => string.Join('\n', recipe.Values()
        .Where(one => one.Key.StartsWith("data.", StringComparison.Ordinal) && one.Key != "data.limit-train").Select(one => $"{one.Key}={one.Value}"));

    // Several tasks may have the same picture.
    private static void Join(List<ServedPicture> found, ServedPicture one)
    {
        int at = found.FindIndex(other => other.File == one.File);
        if (at < 0)
            found.Add(one);
        else
            found[at] = found[at] with
            {
                Questions = [.. found[at].Questions.UnionBy(one.Questions, asked => asked.Question)], Captions = [.. found[at].Captions.Union(one.Captions)],
            };
    }

    private static ServedPicture Sample(IImageSource images, long id, Recipe recipe)
    {
        string file = images.PathOf(id);
        return new ServedPicture("", $"Picture {id}", file, PictureFile.MediaTypeOf(file)) { Origin = new SampleOrigin(DataOf(recipe), id) };
    }

    private static string? Truth(VqaExample example) => example.Answers.GroupBy(answer => answer).MaxBy(group => group.Count())?.Key;
}
