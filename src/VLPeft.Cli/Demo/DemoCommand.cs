using System.CommandLine;
using VLPeft.Cli.Commands;
using VLPeft.Recipes;

namespace VLPeft.Cli.Demo;

/// <summary><c>vlpeft demo</c>: the paper's comparison on the embedded benchmark, in minutes.</summary>
internal static class DemoCommand
{
    public static Command Create(CliConsole console)
    {
        Option<string> output = new("--output", "-o") { Description = "Where results, report, data and runs go.", DefaultValueFactory = _ => "demo-output", HelpName = "folder" };
        Option<RecipeTask> task = new("--task") { Description = "What the models learn: vqa, captioning, or four tasks at once (multitask).", DefaultValueFactory = _ => RecipeTask.Vqa, HelpName = "vqa|captioning|multitask" };
        Option<bool> rivals = new("--rivals") { Description = "With --task multitask: also BitFit, prompts, prefixes, Compacter and others in the place of LoRA, in a second table." };
        Option<int> seeds = new("--seeds") { Description = "Runs of each variant.", DefaultValueFactory = _ => 3 };
        Option<int> workers = new("--workers") { Description = "Runs side by side, one thread each; the number of cores when it is left out.", DefaultValueFactory = _ => Environment.ProcessorCount };
        Option<string[]> set = CommonOptions.Set();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("demo", "Compare plain LoRA with every routing function on procedural pictures, their questions or captions: a table, results.json and report.html.")
        {
            task, rivals, output, seeds, workers, set, json,
        };
        command.SetAction(parsed => Run(console, new DemoOptions(
            parsed.GetValue(output)!, AtLeastOne(parsed.GetValue(seeds), "--seeds"), AtLeastOne(parsed.GetValue(workers), "--workers"),
            parsed.GetValue(set) ?? [], parsed.GetValue(json), parsed.GetValue(task), parsed.GetValue(rivals))));
        return command;
    }

    private static int AtLeastOne(int value, string option) =>
        value >= 1 ? value : throw new InvalidInputException($"{option}: expected 1 or more, got {value}.");

    private static int Run(CliConsole console, DemoOptions options)
    {
        if (options.Rivals && options.Task != RecipeTask.Multitask)
            throw new InvalidInputException("--rivals: goes with --task multitask; `vlpeft study rivals` compares them in question answering.");
        using var interruption = new Interruption(console);
        return TaskDemo.Of(options).Run(console, interruption.Token);
    }
}
