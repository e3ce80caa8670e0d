using VLPeft.Recipes;

namespace VLPeft.Cli.Serving;

/// <summary>What the API says about runs and pictures.</summary>
internal static class RunMessages
{
    public static RunMessage Of(NamedRun one)
    {
        Recipe recipe = one.Run.Recipe;
        IReadOnlyDictionary<string, string> values = recipe.Values();
        return new RunMessage(
            one.Id, one.Name, values["task"], recipe.Name, values["peft.method"], recipe.Peft.Routing, recipe.Peft.Rank, recipe.Seed,
            TakesUploads(recipe), recipe.Task == RecipeTask.Captioning ? recipe.Generation.Beams : null,
            recipe.Task == RecipeTask.Multitask ? MultitaskServedRun.TasksOf(recipe) : null);
    }

    public static PictureMessage Of(ServedPicture one) => new(
        one.Id, one.Title, UrlOf(one), [.. one.Questions.Select(question => new QuestionMessage(question.Question, question.Answer))], one.Captions);

    private static bool TakesUploads(Recipe recipe) =>
        recipe.Vision.Features is { File: null, Hdf5.Count: 0 } && recipe.Multitask.Tasks.All(task => task.Features.Count == 0);

    public static string UrlOf(ServedPicture one) => $"/api/pictures/{one.Id}";
}
