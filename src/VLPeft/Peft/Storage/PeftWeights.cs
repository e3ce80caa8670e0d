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
        var targets = new Dictionary<string, Parameter>(StringComparer.Ordinal);
        foreach ((string name, Parameter parameter) in model.BottleneckParameters)
            targets[HubNames.Of(name)] = parameter;
        foreach ((string name, Parameter parameter) in model.AlsoTrained)
            targets[name] = parameter;
        string prefix = HubNames.FindPrefix(weights.Names.Select(HubNames.WithoutBaseLayer), targets.Keys.ToHashSet(StringComparer.Ordinal))
            ?? throw new InvalidInputException($"{weights.Description}: none of its {weights.Names.Count} tensors belongs to this model "
                + $"(expected for example '{PeftFolder.Root}{targets.Keys.First()}'); is the adapter for another model?");
        var copies = new Dictionary<string, string>(StringComparer.Ordinal);
        var problems = new LoadProblems();
        var missing = targets.Keys.ToHashSet(StringComparer.Ordinal);
        foreach (string key in weights.Names.Order(StringComparer.Ordinal))
        {
            string local = key.StartsWith(prefix, StringComparison.Ordinal) ? HubNames.WithoutBaseLayer(key[prefix.Length..]) : "";
            missing.Remove(local);
            if (Fits(key, targets.GetValueOrDefault(local), weights.Entry(key), problems) && !copies.TryAdd(local, key))
                problems.Add("given twice", $"{copies[local]} and {key}");
        }
        foreach (string name in missing)
            problems.Add("missing in the source", prefix + name);
        problems.ThrowIfAny(model.Backbone.GetName(), weights.Description);
        using (no_grad())
            foreach ((string local, string key) in copies)
                using (Tensor value = weights.Read(key))
                    targets[local].copy_(value);
    }

    private static bool Fits(string key, Parameter? parameter, SafetensorsEntry entry, LoadProblems problems)
    {
        if (parameter is null)
            problems.Add("left over in the source", key);
        else if (!parameter.shape.SequenceEqual(entry.Shape))
            problems.Add("of another shape", $"{key} is [{string.Join(", ", entry.Shape)}], expected [{string.Join(", ", parameter.shape)}]");
        else if (!is_floating_point(entry.Dtype))
            problems.Add("of another kind", $"{key} is {entry.Dtype}, expected {parameter.dtype}");
        else
            return true;
        return false;
    }
}
