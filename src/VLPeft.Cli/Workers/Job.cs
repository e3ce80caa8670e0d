using VLPeft.Experiments;

namespace VLPeft.Cli.Workers;

/// <summary>One run for a worker process: train a recipe into a folder, then score a split.</summary>
/// <param name="Recipe">The recipe file.</param>
/// <param name="Overrides">Its overrides.</param>
/// <param name="Output">The run folder.</param>
/// <param name="Split">The split to score; null for none.</param>
internal sealed record Job(string Recipe, IReadOnlyList<string> Overrides, string Output, Split? Split)
{
    /// <summary>Whether the run is finished, and only to be scored.</summary>
    public bool IsTrained { get; init; }
}

/// <summary>What a worker says of its job, one JSON line each.</summary>
/// <param name="Step">Steps done so far.</param>
/// <param name="Total">Steps of the whole run; 0 before it is known.</param>
/// <param name="IsDone">The job is finished, its files are there.</param>
/// <param name="Error">What went wrong; null when nothing did.</param>
internal sealed record JobEvent(long Step, long Total, bool IsDone = false, string? Error = null);
