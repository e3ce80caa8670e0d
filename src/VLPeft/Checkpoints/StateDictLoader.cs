using System.IO.Enumeration;
using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Checkpoints;

/// <summary>
/// Puts the tensors of a checkpoint into a model, without a copy where type and device allow: the model's parameters then stand on the
/// mapped file, also when it was built on the META device, where building costs neither time nor memory.
/// </summary>
/// <remarks>
/// Models that are loaded from one open source share these pages, so that training one in place changes the others: open the source
/// again for every model that is trained (it takes milliseconds). Buffers that are not persistent are no part of the state, and TorchSharp
/// lists them nowhere: a model must make them on a real device.
/// </remarks>
public static class StateDictLoader
{
    /// <summary>
    /// Loads all parameters and persistent buffers of <paramref name="model"/>. Every one must be there under its name (one of its names
    /// when it is tied) with its exact shape, and every key of the source must have a place or be ignored.
    /// </summary>
    /// <param name="model">The model; unchanged when this throws <see cref="InvalidInputException"/>.</param>
    /// <param name="source">The checkpoint; it may be disposed afterwards.</param>
    /// <param name="options">Null: names agree, nothing is left over, the model's element types stay.</param>
    /// <exception cref="InvalidInputException">
    /// Keys are missing, left over, of another shape or kind: one message lists them all.
    /// </exception>
    public static void Load(nn.Module model, ITensorSource source, LoadOptions? options = null)
    {
        options ??= new LoadOptions();
        var problems = new LoadProblems();
        Dictionary<string, string> keys = Rename(source, options, problems);
        var plan = new List<(StateSlot Slot, string Key, ScalarType Dtype)>();
        foreach (StateSlot slot in StateSlot.Of(model))
        {
            if (FindKey(slot, keys, source, problems) is not { } key)
                continue;
            ScalarType dtype = options.Dtype is { } wanted && is_floating_point(slot.Dtype) ? wanted : slot.Dtype;
            Check(slot, key, source.Entry(key), dtype, problems);
            plan.Add((slot, key, dtype));
        }
        foreach ((string name, string key) in keys.Where(k => !IsIgnored(k.Value, options)).OrderBy(k => k.Value, StringComparer.Ordinal))
            problems.Add("left over in the source", name == key ? key : $"{key} (as {name})");
        problems.ThrowIfAny(model.GetName(), source.Description);
        Apply(plan, source, options.RequiresGrad);
    }

    /// <summary>The source's keys by the names they have in the model; keys that may be ignored give way to others.</summary>
    private static Dictionary<string, string> Rename(ITensorSource source, LoadOptions options, LoadProblems problems)
    {
        var keys = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string key in source.Names.OrderBy(key => IsIgnored(key, options)))
        {
            string name = options.Rename?.Invoke(key) ?? key;
            if (!keys.TryAdd(name, key) && !IsIgnored(key, options))
                problems.Add("renamed to the name of another", $"{keys[name]} and {key} (as {name})");
        }
        return keys;
    }

    private static bool IsIgnored(string key, LoadOptions options) =>
        options.Ignore.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, key, ignoreCase: false));

    /// <summary>Takes the slot's keys out of <paramref name="keys"/>; tied parameters may be stored once or several times.</summary>
    private static string? FindKey(StateSlot slot, Dictionary<string, string> keys, ITensorSource source, LoadProblems problems)
    {
        var found = new List<string>();
        foreach (string name in slot.Names)
        {
            if (keys.Remove(name, out string? key))
                found.Add(key);
        }
        if (found.Count == 0)
            problems.Add("missing in the source", slot.Label);
        string? other = found.Skip(1).FirstOrDefault(key => !SameValues(source, found[0], key));
        if (other is not null)
            problems.Add("tied in the model, but different in the source", $"{found[0]} and {other}");
        return found.FirstOrDefault();
    }

    private static bool SameValues(ITensorSource source, string a, string b)
    {
        using Tensor first = source.Read(a), second = source.Read(b);
        return first.dtype == second.dtype && first.shape.SequenceEqual(second.shape) && first.Equals(second);
    }

    /// <summary>TorchSharp would broadcast a wrong shape without a word.</summary>
    private static void Check(StateSlot slot, string key, SafetensorsEntry entry, ScalarType dtype, LoadProblems problems)
    {
        if (!entry.Shape.SequenceEqual(slot.Shape))
            problems.Add("of another shape", $"{key} is [{string.Join(", ", entry.Shape)}], expected [{string.Join(", ", slot.Shape)}]");
        else if (is_floating_point(entry.Dtype) != is_floating_point(dtype))
            problems.Add("of another kind", $"{key} is {entry.Dtype}, expected {dtype}");
        else if (slot.Obstacle(dtype) is { } obstacle)
            problems.Add("that the module can't take", $"{key} ({obstacle})");
    }

    private static void Apply(List<(StateSlot Slot, string Key, ScalarType Dtype)> plan, ITensorSource source, bool requiresGrad)
    {
        using var noGrad = no_grad();
        foreach ((StateSlot slot, string key, ScalarType dtype) in plan)
        {
            using var scope = NewDisposeScope();
            slot.Put(source.Read(key).to(dtype), requiresGrad);
        }
    }
}
