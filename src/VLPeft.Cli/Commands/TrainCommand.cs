using System.CommandLine;
using VLPeft.Experiments;
using VLPeft.Recipes;
using VLPeft.Training;

namespace VLPeft.Cli.Commands;

/// <summary><c>vlpeft train RECIPE</c>: trains, or goes on with an interrupted run.</summary>
internal static class TrainCommand
{
    public static Command Create(CliConsole console)
    {
        Argument<string> recipe = CommonOptions.Recipe();
        Option<string?> output = new("--output", "-o") { Description = "The run folder; runs/NAME-SEED when it is left out.", HelpName = "folder" };
        Option<long?> seed = new("--seed") { Description = "The recipe's seed." };
        Option<string[]> set = CommonOptions.Set(), plugin = CommonOptions.Plugin();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("train", "Train a recipe; an interrupted run of the same recipe in the same folder goes on where it was.")
        {
            recipe, output, seed, set, plugin, json,
        };
        command.SetAction(parsed =>
        {
            Plugins.Load(parsed.GetValue(plugin));
            string[] overrides = [.. parsed.GetValue(set) ?? [], .. parsed.GetValue(seed) is { } s ? [$"seed={s}"] : Array.Empty<string>()];
            Recipe resolved = Recipe.Load(ShippedRecipes.Resolve(parsed.GetValue(recipe)!), overrides);
            string folder = parsed.GetValue(output) ?? Path.Combine("runs", $"{resolved.Name}-{resolved.Seed}");
            return Run(console, resolved, folder, parsed.GetValue(json));
        });
        return command;
    }

    private static int Run(CliConsole console, Recipe recipe, string folder, bool json)
    {
        using var interruption = new Interruption(console);
        TrainingOutcome outcome = RunReporters.With(console, reporter => RecipeRun.Train(recipe, folder, reporter, interruption.Token));
        if (outcome.Status == TrainingStatus.Interrupted)
        {
            console.Note($"interrupted at step {outcome.Steps:N0} of {outcome.TotalSteps:N0}; the same command goes on from there.");
            return ExitCode.Interrupted;
        }
        if (json)
            console.Json(new { run = Path.GetFullPath(folder), status = outcome.Status.ToString(), steps = outcome.Steps, best = outcome.Best });
        else
            console.Line($"{folder}: {outcome.Steps:N0} steps"
                + string.Concat(outcome.Best.Select(best => $"; best {best.Key} {best.Value.Value:0.####} at step {best.Value.Step:N0}"))
                + $"\n`vlpeft evaluate {folder}` scores it.");
        return ExitCode.Done;
    }
}
