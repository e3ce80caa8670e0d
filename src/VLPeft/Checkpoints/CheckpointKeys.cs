namespace VLPeft.Checkpoints;

/// <summary>Ways to rename a checkpoint's keys, for <see cref="LoadOptions.Rename"/>.</summary>
public static class CheckpointKeys
{
    /// <summary>
    /// Takes away each of the prefixes that a key begins with, one after the other: <c>StripPrefix("module.", "roberta.")</c> makes
    /// <c>encoder.x</c> of <c>module.roberta.encoder.x</c> and leaves <c>lm_head.bias</c> alone.
    /// </summary>
    public static Func<string, string> StripPrefix(params string[] prefixes) => key =>
    {
        foreach (string prefix in prefixes)
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal))
                key = key[prefix.Length..];
        }
        return key;
    };

    /// <summary>Checkpoints of 2019 call LayerNorm's weight and bias <c>gamma</c> and <c>beta</c>.</summary>
    public static string LayerNormNames(string key) =>
        key.EndsWith(".gamma", StringComparison.Ordinal) ? key[..^"gamma".Length] + "weight"
        : key.EndsWith(".beta", StringComparison.Ordinal) ? key[..^"beta".Length] + "bias"
        : key;

    /// <summary>One renaming after the other.</summary>
    public static Func<string, string> Chain(params Func<string, string>[] renames) =>
        key => renames.Aggregate(key, (name, rename) => rename(name));
}
