using System.Text.Json;
using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Checkpoints;
using static TorchSharp.torch;

namespace VLPeft.Training;

/// <summary>
/// The one file a run resumes from: parameters, moments and random state as tensors; state and settings as JSON in the header. One file,
/// put in place by a rename, so that its parts can't come from different moments.
/// </summary>
internal sealed class TrainingCheckpoint(string path, IReadOnlyList<(string Name, Parameter Parameter)> parameters, FusedAdamW optimizer,
    IReadOnlyDictionary<string, string> settings, Action<string> at)
{
    private const string KindKey = "vlpeft";
    private const string Kind = "training checkpoint 1";
    private const string StateKey = "state";
    private const string SettingsKey = "settings";
    private const string RandomState = "random_state";

    public bool Exists => File.Exists(path);

    public static bool IsOne(SafetensorsFile file) => file.Metadata.GetValueOrDefault(KindKey) == Kind;

    /// <exception cref="IOException">The file can't be written; the one before stays.</exception>
    public void Save(TrainingState state)
    {
        using var scope = NewDisposeScope();
        List<KeyValuePair<string, Tensor>> tensors =
        [
            .. parameters.Select(item => new KeyValuePair<string, Tensor>(TrainedParameters.CheckpointPrefix + item.Name, item.Parameter)),
            .. optimizer.State(),
            new(RandomState, get_rng_state()),
        ];
        RunFile.Write(path, tensors, new Dictionary<string, string>
        {
            [KindKey] = Kind,
            [StateKey] = state.ToJson(),
            [SettingsKey] = JsonSerializer.Serialize(settings),
        }, at);
    }

    /// <summary>Restores parameters, optimizer and torch's random state.</summary>
    /// <exception cref="InvalidInputException">Not a training checkpoint, or one of other settings or parameters.</exception>
    public TrainingState Load()
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        TrainingState state = ReadHeader(file);
        TrainedParameters.Load(file, parameters, TrainedParameters.CheckpointPrefix);
        using var scope = NewDisposeScope();
        try
        {
            optimizer.Restore(state.Step, file.Read);
            set_rng_state(file.Read(RandomState).clone());
        }
        catch (ArgumentException e)
        {
            throw new InvalidInputException($"The checkpoint '{path}' is damaged: {e.Message}", e);
        }
        return state;
    }

    private TrainingState ReadHeader(SafetensorsFile file)
    {
        if (!IsOne(file)
            || !file.Metadata.TryGetValue(StateKey, out string? state)
            || !file.Metadata.TryGetValue(SettingsKey, out string? saved))
            throw new InvalidInputException($"'{path}' is not a training checkpoint of this version.");
        try
        {
            string difference = RunSettings.Difference(JsonSerializer.Deserialize<Dictionary<string, string>>(saved)!, settings);
            if (difference.Length > 0)
                throw new InvalidInputException($"The checkpoint '{path}' belongs to a run with other settings ({difference}). " +
                    "Resume with the same settings, or use another output folder.");
            return TrainingState.FromJson(state);
        }
        catch (JsonException e)
        {
            throw new InvalidInputException($"The checkpoint '{path}' is damaged: {e.Message}", e);
        }
    }
}
