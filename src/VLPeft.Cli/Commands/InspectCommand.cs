using System.CommandLine;
using VLPeft.Experiments;
using VLPeft.Recipes;

namespace VLPeft.Cli.Commands;

/// <summary><c>vlpeft inspect RECIPE|RUN</c>: what would train, without data and without weights.</summary>
internal static class InspectCommand
{
    public static Command Create(CliConsole console)
    {
        Argument<string> what = new("recipe-or-run") { Description = "A recipe file, a shipped recipe's name, or a run folder." };
        Option<long> answers = new("--answers")
        {
            Description = "Answers of the head, when neither the recipe nor the run says how many; VQAv2 has 3,129.",
            DefaultValueFactory = _ => 3129,
        };
        Option<string[]> set = CommonOptions.Set(), plugin = CommonOptions.Plugin();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("inspect", "Show what a recipe matches, routes and trains, with parameter counts; needs no data and no weights.")
        {
            what, answers, set, plugin, json,
        };
        command.SetAction(parsed =>
        {
            Plugins.Load(parsed.GetValue(plugin));
            ModelAudit audit = Inspect(parsed.GetValue(what)!, parsed.GetValue(answers), parsed.GetValue(set) ?? []);
            if (parsed.GetValue(json))
                console.Json(audit);
            else
                console.Line(audit.ToString().TrimEnd());
            return ExitCode.Done;
        });
        return command;
    }

    private static ModelAudit Inspect(string what, long answers, string[] overrides)
    {
        bool isRun = Directory.Exists(what);
        Recipe recipe = isRun ? new RunFiles(what).ReadRecipe() : Recipe.Load(ShippedRecipes.Resolve(what), overrides);
        if (isRun && overrides.Length > 0)
            throw new InvalidInputException("--set: a run's recipe is what it was trained with; overrides go with a recipe file.");
        return ModelAudit.WithoutData(recipe, isRun ? new RunFiles(what).Answers : recipe.Data.Answers, answers);
    }
}
