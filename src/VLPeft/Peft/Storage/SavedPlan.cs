using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>A plan of our own as adapter_config.json holds it.</summary>
/// <param name="Plan">The plan, in the names of the backbone that it was saved from.</param>
/// <param name="Prefix">What the file's names have in front of that backbone's; null in folders written before this was kept.</param>
/// <param name="WeightsHash">SHA-256 of the weights' file; null in folders written before this was kept.</param>
internal sealed record SavedPlan(PeftPlan Plan, string? Prefix, string? WeightsHash)
{
    /// <summary>The plan in the names of another backbone.</summary>
    public PeftPlan ToPlan(nn.Module backbone, HubPrefixes? prefixes)
    {
        if (Prefix is null || prefixes is null || (prefixes.File == Prefix && prefixes.Model.Length == 0))
            return Plan;
        return new PatternTranslation(backbone, Original, name => prefixes.InModel(Prefix + name)).Of(Plan);

        string? Original(string local) =>
            prefixes.InFile(local) is { } there && there.StartsWith(Prefix, StringComparison.Ordinal) ? there[Prefix.Length..] : null;
    }
}
