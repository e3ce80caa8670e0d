using TorchSharp;
using VLPeft.Checkpoints;
using static TorchSharp.torch;

namespace VLPeft.Models;

/// <summary>How the weights of a Hugging Face folder get into a backbone.</summary>
internal static class HubWeights
{
    private const string Pooler = "pooler.";

    /// <summary>
    /// Loads all parameters, frozen. Checkpoints of a bare backbone have its own names, those of a model with a head the prefix in
    /// front; names from 2019 (gamma, beta) are understood.
    /// </summary>
    /// <param name="model">The backbone, on META as a rule.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="prefix">E.g. "vit.".</param>
    /// <param name="pooler">With anything but <see cref="PoolerSource.Checkpoint"/> the checkpoint's pooler is left out.</param>
    /// <param name="ignore">Keys of known heads and buffers, as patterns without the prefix.</param>
    /// <exception cref="InvalidInputException">There are no weights, or they do not fit the model.</exception>
    public static void Load(nn.Module model, string folder, string prefix, PoolerSource pooler, IEnumerable<string> ignore)
    {
        using CheckpointFolder source = CheckpointFolder.Open(folder);
        if (HasPooler(model.named_parameters().Select(p => p.name), "") && !HasPooler(source.Names, "") && !HasPooler(source.Names, prefix))
        {
            throw new InvalidInputException(
                $"The checkpoint in '{folder}' has no pooler (no keys \"{Pooler}*\" or \"{prefix}{Pooler}*\"): it was saved from a model "
                + "that does not use one. Choose a fresh pooler, or none, when it is loaded.");
        }
        if (pooler != PoolerSource.Checkpoint)
            ignore = ignore.Append(Pooler + "*");
        StateDictLoader.Load(model, source, new LoadOptions
        {
            Rename = CheckpointKeys.Chain(CheckpointKeys.StripPrefix(prefix), CheckpointKeys.LayerNormNames),
            Ignore = [.. ignore.SelectMany(pattern => new[] { pattern, prefix + pattern })],
        });
    }

    private static bool HasPooler(IEnumerable<string> names, string prefix) =>
        names.Any(name => name.StartsWith(prefix + Pooler, StringComparison.Ordinal));
}
