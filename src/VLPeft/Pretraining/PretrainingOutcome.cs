using VLPeft.Training;

namespace VLPeft.Pretraining;

/// <summary>How a pre-training ended.</summary>
/// <param name="Training">Status and steps.</param>
/// <param name="Report">What the folder's <c>pretraining.json</c> says; null when the run was interrupted: no folder is written then.</param>
public sealed record PretrainingOutcome(TrainingOutcome Training, PretrainingReport? Report);

/// <summary>The content of <c>pretraining.json</c>: where a model comes from and what it can do.</summary>
/// <param name="Kind">"vision", "text" or "clip".</param>
/// <param name="Command">The command that makes it, with FOLDER for the output.</param>
/// <param name="Data">What it was trained on, in words.</param>
/// <param name="Options">The options by name.</param>
/// <param name="Parameters">Parameter counts: the saved backbone, and the pre-training heads.</param>
/// <param name="HeldOut">Metrics on data that was not trained on.</param>
public sealed record PretrainingReport(
    string Kind,
    string Command,
    string Data,
    IReadOnlyDictionary<string, object?> Options,
    PretrainingParameters Parameters,
    IReadOnlyDictionary<string, double> HeldOut);

/// <summary>Parameter counts.</summary>
/// <param name="Backbone">The saved backbone.</param>
/// <param name="Heads">The heads that pre-training adds.</param>
public sealed record PretrainingParameters(long Backbone, long Heads);
