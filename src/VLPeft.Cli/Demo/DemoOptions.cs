using VLPeft.Recipes;

namespace VLPeft.Cli.Demo;

/// <summary>What <c>vlpeft demo</c> was asked for.</summary>
/// <param name="Output">Where everything goes.</param>
/// <param name="Seeds">Seeds 0 … n − 1.</param>
/// <param name="Workers">Runs side by side.</param>
/// <param name="Set">Overrides of every run's recipe.</param>
/// <param name="Json">Print results.json on standard output instead of a table.</param>
/// <param name="Task">What the models learn.</param>
/// <param name="Rivals">Whether the methods that LoRA is compared with run too.</param>
internal sealed record DemoOptions(string Output, int Seeds, int Workers, IReadOnlyList<string> Set, bool Json, RecipeTask Task = RecipeTask.Vqa, bool Rivals = false)
{
    /// <summary>The command that makes the same again.</summary>
    public string Command => $"vlpeft demo{(Task == RecipeTask.Vqa ? "" : $" --task {Task.ToString().ToLowerInvariant()}")}{(Rivals ? " --rivals" : "")} --output {Output} --seeds {Seeds}"
        + string.Concat(Set.Select(set => $" --set {set}"));
}
