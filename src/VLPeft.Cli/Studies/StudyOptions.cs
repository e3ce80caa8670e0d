namespace VLPeft.Cli.Studies;

/// <summary>What <c>vlpeft study</c> was asked for.</summary>
/// <param name="File">The study's file.</param>
/// <param name="Output">Where report and tables go.</param>
/// <param name="Cells">Where runs are kept, a folder that studies share.</param>
/// <param name="Workers">Runs side by side.</param>
/// <param name="Seeds">Runs of each variant, instead of what the study says.</param>
/// <param name="Set">Further overrides of every run.</param>
/// <param name="Json">Print results.json on standard output instead of a table.</param>
internal sealed record StudyOptions(
    string File, string Output, string Cells, int Workers, int? Seeds, IReadOnlyList<string> Set, bool Json)
{
    /// <summary>The study as it was asked for.</summary>
    public required string Named { get; init; }

    /// <summary>The command that makes the same again.</summary>
    public string Command => $"vlpeft study {Named} --output {Output}{(Seeds is { } seeds ? $" --seeds {seeds}" : "")}{string.Concat(Set.Select(set => $" --set {set}"))}";
}
