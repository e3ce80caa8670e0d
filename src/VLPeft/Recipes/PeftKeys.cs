namespace VLPeft.Recipes;

/// <summary>Which keys of the peft section a method reads: any other that is set is an error, so that none silently does nothing.</summary>
internal static class PeftKeys
{
    private const PeftMethod Lora = PeftMethod.Lora, Adapter = PeftMethod.Adapter, Compacter = PeftMethod.Compacter, Dora = PeftMethod.Dora,
        Ia3 = PeftMethod.Ia3, Prompt = PeftMethod.Prompt, Prefix = PeftMethod.Prefix, Bitfit = PeftMethod.Bitfit, Layernorm = PeftMethod.Layernorm;

    private static readonly PeftSection Defaults = new();

    private static readonly (string Key, Func<PeftSection, bool> IsSet, PeftMethod[] Readers)[] All =
    [
        ("rank", section => section.Rank != Defaults.Rank, [Lora, Adapter, Compacter, Dora]),
        ("alpha", section => section.Alpha is not null, [Lora, Dora]),
        ("scaling", section => section.Scaling != Defaults.Scaling, [Lora, Dora]),
        ("rank-patterns", section => section.RankPatterns.Count > 0, [Lora, Dora]),
        ("dropout", section => section.Dropout != 0, [Lora, Adapter, Compacter, Dora]),
        ("targets", section => section.Targets.Count > 0, [Lora, Adapter, Compacter, Dora]),
        ("targets-regex", section => section.TargetsRegex is not null, [Lora, Adapter, Compacter, Dora]),
        ("layers", section => section.Layers.Count > 0, [Lora, Adapter, Compacter, Dora, Ia3, Prefix, Bitfit, Layernorm]),
        ("residual", section => section.Residual, [Adapter]),
        ("activation", section => section.Activation is not null, [Adapter, Compacter]),
        ("length", section => section.Length != Defaults.Length, [Prompt, Prefix]),
        ("reparametrization", section => section.Reparametrization is not null, [Prompt, Prefix]),
        ("phm-dimension", section => section.PhmDimension != Defaults.PhmDimension, [Compacter]),
        ("phm-rank", section => section.PhmRank != Defaults.PhmRank, [Compacter]),
        ("train-layer-norms", section => section.TrainLayerNorms is not null, [Lora, Adapter, Compacter, Dora, Ia3, Prompt, Prefix]),
        ("train-target-biases", section => section.TrainTargetBiases != Defaults.TrainTargetBiases, [Lora, Dora]),
    ];

    // What a LoRA's recipe sets may stay when one key switches it to adapter, full or frozen.
    private static bool MayStay(string key, PeftMethod method) =>
        (key is "rank" or "train-target-biases") && (method is PeftMethod.Adapter or PeftMethod.Full or PeftMethod.Frozen);

    /// <exception cref="InvalidInputException">A key is set that the section's method does not read.</exception>
    public static void Validate(PeftSection section)
    {
        foreach ((string key, Func<PeftSection, bool> isSet, PeftMethod[] readers) in All)
            if (isSet(section) && !readers.Contains(section.Method) && !MayStay(key, section.Method))
                throw new InvalidInputException($"peft.{key}: peft.method {Name(section.Method)} does not have it; it goes with {string.Join(", ", readers.Select(Name))}. "
                    + "Leave it out (~ takes back what another recipe sets).");
    }

    private static string Name(PeftMethod method) => RecipeNames.Kebab(method.ToString());
}
