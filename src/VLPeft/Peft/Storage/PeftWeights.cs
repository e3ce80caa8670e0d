using TorchSharp.Modules;
using VLPeft.Checkpoints;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>Puts the tensors of an adapter file into an injected model: all that trains, no more and no less.</summary>
internal static class PeftWeights
{
    /// <exception cref="InvalidInputException">The file does not fit: one message lists everything, and no value was changed.</exception>
    public static void Fill(PeftModel model, SafetensorsFile weights)
    {
        var targets = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach ((string name, Parameter parameter) in model.AddedParameters)
            targets[HubNames.Of(name)] = parameter;
        foreach ((string name, Parameter parameter) in model.AlsoTrained)
            targets[name] = parameter;
        HubPrefixes prefixes = HubPrefixes.Find(HubNames.Owners(weights.Names), targets.Keys.Select(HubNames.OwnerOf), weights.Description)
            ?? throw new InvalidInputException($"{weights.Description}: none of its {weights.Names.Count} tensors belongs to this model "
                + $"(expected for example '{HubNames.Root}{targets.Keys.First()}'{Example(weights)}); is the adapter for another model?");
        var missing = targets.Keys.ToHashSet(StringComparer.Ordinal);
        foreach ((string name, Tensor frozen) in HubNames.SavedTensors(model))
            targets.TryAdd(name, frozen); // what PEFT saves of a module beside what trains
        var copies = new Dictionary<string, string>(StringComparer.Ordinal);
        var problems = new LoadProblems();
        foreach (string key in weights.Names.Order(StringComparer.Ordinal))
        {
            string local = HubNames.WithoutRoot(key) is { } name ? prefixes.InModel(name) ?? "" : "";
            missing.Remove(local);
            if (Fits(key, targets.GetValueOrDefault(local), weights.Entry(key), model.Plan, problems) && !copies.TryAdd(local, key))
                problems.Add("given twice", $"{copies[local]} and {key}");
        }
        foreach (string name in missing)
            problems.Add("missing in the source", HubNames.Root + prefixes.InFile(name));
        problems.ThrowIfAny(model.Backbone.GetName(), weights.Description);
        using (no_grad())
            foreach ((string local, string key) in copies)
                using (Tensor value = weights.Read(key))
                    targets[local].copy_(value);
    }

    private static string Example(SafetensorsFile weights) => weights.Names.Order(StringComparer.Ordinal).FirstOrDefault() is { } first ? $", got '{first}'" : "";

    private static bool Fits(string key, Tensor? target, SafetensorsEntry entry, PeftPlan plan, LoadProblems problems)
    {
        if (target is null)
            problems.Add("left over in the source", key);
        else if (!target.shape.SequenceEqual(entry.Shape))
            problems.Add("of another shape", $"{key} is [{string.Join(", ", entry.Shape)}], expected [{string.Join(", ", target.shape)}]"
                + (HubNames.IsBottleneck(key) && !plan.Sites.IsEmpty ? $" (the rank in adapter_config.json is {plan.Bottleneck.Rank})" : ""));
        else if (is_floating_point(target.dtype) != is_floating_point(entry.Dtype))
            problems.Add("of another kind", $"{key} is {entry.Dtype}, expected {target.dtype}");
        else
            return true;
        return false;
    }
}
