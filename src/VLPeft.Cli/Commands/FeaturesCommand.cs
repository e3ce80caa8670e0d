using System.CommandLine;
using VLPeft.Experiments;
using VLPeft.Recipes;

namespace VLPeft.Cli.Commands;

/// <summary><c>vlpeft features RECIPE</c>: fills the feature cache beforehand.</summary>
internal static class FeaturesCommand
{
    public static Command Create(CliConsole console)
    {
        Argument<string> recipe = CommonOptions.Recipe();
        Option<string[]> set = CommonOptions.Set();
        var command = new Command("features", "Compute the image features that a recipe reads and keep them in its cache; training then starts at once.")
        {
            recipe, set,
        };
        command.SetAction(parsed =>
        {
            using var interruption = new Interruption(console);
            Recipe resolved = Recipe.Load(ShippedRecipes.Resolve(parsed.GetValue(recipe)!), parsed.GetValue(set) ?? []);
            IReadOnlyDictionary<string, int> counts = RunReporters.With(console, reporter => RecipeRun.ExtractFeatures(resolved, reporter, interruption.Token));
            foreach ((string split, int pictures) in counts)
                console.Line($"{split}: the features of {pictures:N0} pictures are in the cache");
            return ExitCode.Done;
        });
        return command;
    }
}
