using VLPeft.VisionLanguage;

namespace VLPeft.Recipes;

/// <summary>What happens to the language model.</summary>
public enum PeftMethod
{
    /// <summary>Low-rank deltas beside linear layers.</summary>
    Lora,

    /// <summary>Bottlenecks behind modules.</summary>
    Adapter,

    /// <summary>Nothing is attached; everything trains.</summary>
    Full,

    /// <summary>Nothing is attached and nothing but the head trains.</summary>
    Frozen,
}

/// <summary>What is attached to the frozen language model.</summary>
public sealed record PeftSection
{
    /// <summary>lora, adapter, full or frozen.</summary>
    public PeftMethod Method { get; init; } = PeftMethod.Lora;

    /// <summary>r.</summary>
    public long Rank { get; init; } = 128;

    /// <summary>LoRA's alpha: its output is scaled by alpha / r; r when it is left out.</summary>
    public double? Alpha { get; init; }

    /// <summary>Dropout on the bottlenecks' inputs, 0 ≤ p &lt; 1.</summary>
    public double Dropout { get; init; }

    /// <summary>The routing function, by name.</summary>
    public string Routing { get; init; } = "none";

    /// <summary>Where text and image meet: <c>shared-down</c>, or an ablation's kind.</summary>
    public string Bottleneck { get; init; } = "shared-down";

    /// <summary>Module names (suffixes); the paper's for the model and method when it is left out.</summary>
    public IReadOnlyList<string> Targets { get; init; } = [];

    /// <summary>One regular expression over whole module names instead.</summary>
    public string? TargetsRegex { get; init; }

    /// <summary>The layers that carry bottlenecks; all when it is left out.</summary>
    public IReadOnlyList<int> Layers { get; init; } = [];

    /// <summary>For LoRA on GPT-2's fused projection: whether query and value are routed jointly (the reference's way) or separately.</summary>
    public Peft.BlockRouting Blocks { get; init; } = Peft.BlockRouting.Joint;

    /// <summary>For captioning's adapters, one a block: behind attention and feed-forward, or before or behind the block's norms.</summary>
    public AdapterPosition AdapterPosition { get; init; } = AdapterPosition.PostModule;

    /// <summary>For adapters: whether the input is added to the output; in captioning it always is.</summary>
    public bool Residual { get; init; }

    /// <summary>For adapters: gelu, gelu_new or relu; the backbone's own when it is left out.</summary>
    public string? Activation { get; init; }

    /// <summary>Whether the encoder layers' LayerNorms train.</summary>
    public bool TrainLayerNorms { get; init; } = true;

    /// <summary>Whether the biases of LoRA's target layers train.</summary>
    public bool TrainTargetBiases { get; init; } = true;

    internal void Validate()
    {
        Check.That(Rank >= 1, "peft.rank", "1 or more", Rank);
        Check.That(Alpha is null or > 0, "peft.alpha", "more than 0", Alpha);
        Check.That(Dropout is >= 0 and < 1, "peft.dropout", "0 ≤ p < 1", Dropout);
        Check.That(Targets.Count == 0 || TargetsRegex is null, "peft.targets and peft.targets-regex", "one of the two", "both");
        Check.That(Layers.All(layer => layer >= 0), "peft.layers", "numbers from 0", string.Join(", ", Layers));
        Routed("peft.routing", () => VLPeft.Routing.KnownRoutingFunctions.Get(Routing));
        Routed("peft.bottleneck", () => Peft.KnownBottlenecks.Get(Bottleneck).Validate(Rank));
        if (Activation is not null)
            Routed("peft.activation", () => Models.HiddenActivations.Parse(Activation));
    }

    private static void Routed(string key, Action check)
    {
        try
        {
            check();
        }
        catch (InvalidInputException error)
        {
            throw new InvalidInputException($"{key}: {error.Message}", error);
        }
    }
}
