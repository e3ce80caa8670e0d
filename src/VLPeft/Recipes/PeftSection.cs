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

    /// <summary>The biases train.</summary>
    Bitfit,

    /// <summary>The LayerNorms train.</summary>
    Layernorm,

    /// <summary>Trained vectors beside the embedded text.</summary>
    Prompt,

    /// <summary>Trained keys and values in every attention.</summary>
    Prefix,

    /// <summary>Adapters of shared Kronecker products.</summary>
    Compacter,

    /// <summary>Trained factors on keys, values and inner activations.</summary>
    Ia3,

    /// <summary>LoRA with trained magnitudes.</summary>
    Dora,
}

/// <summary>What is attached to the frozen language model.</summary>
public sealed record PeftSection
{
    /// <summary>lora, adapter, full, frozen, or one of those they are compared with (docs/rivals.md).</summary>
    public PeftMethod Method { get; init; } = PeftMethod.Lora;

    /// <summary>r, of lora, adapter, compacter and dora.</summary>
    public long Rank { get; init; } = 128;

    /// <summary>LoRA's and DoRA's alpha: the delta is scaled by alpha / r; r when it is left out.</summary>
    public double? Alpha { get; init; }

    /// <summary>For lora and dora: what alpha is divided by, r or (rsLoRA) its square root.</summary>
    public Peft.LoraScaling Scaling { get; init; } = Peft.LoraScaling.Rank;

    /// <summary>For lora and dora: modules with another rank or alpha.</summary>
    public IReadOnlyList<RankPatternSection> RankPatterns { get; init; } = [];

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

    /// <summary>For adapter and compacter: gelu, gelu_new or relu; the backbone's own when it is left out.</summary>
    public string? Activation { get; init; }

    /// <summary>For prompt and prefix: how many vectors.</summary>
    public long Length { get; init; } = 40;

    /// <summary>For prompt and prefix: the inner width of a network that makes the vectors; they train themselves when it is left out.</summary>
    public long? Reparametrization { get; init; }

    /// <summary>For compacter: n, the number of Kronecker products in a weight.</summary>
    public long PhmDimension { get; init; } = 4;

    /// <summary>For compacter: the rank of the products' large factors; 0 for whole matrices.</summary>
    public long PhmRank { get; init; } = 1;

    /// <summary>Whether the encoder layers' LayerNorms train too; as the method was published when it is left out.</summary>
    public bool? TrainLayerNorms { get; init; }

    /// <summary>Whether the biases of LoRA's and DoRA's target layers train.</summary>
    public bool TrainTargetBiases { get; init; } = true;

    /// <summary>Whether LayerNorms train beside the method; by default beside those that change hidden states layer by layer as LoRA does.</summary>
    internal bool LayerNormsTrain => TrainLayerNorms ?? Method is PeftMethod.Lora or PeftMethod.Adapter or PeftMethod.Compacter or PeftMethod.Dora;

    internal void Validate()
    {
        Check.That(Rank >= 1, "peft.rank", "1 or more", Rank);
        Check.That(Alpha is null or > 0, "peft.alpha", "more than 0", Alpha);
        Check.That(Length >= 1, "peft.length", "1 or more", Length);
        Check.That(Reparametrization is null or >= 1, "peft.reparametrization", "1 or more", Reparametrization);
        Check.That(PhmDimension >= 1, "peft.phm-dimension", "1 or more", PhmDimension);
        Check.That(PhmRank >= 0, "peft.phm-rank", "0 or more", PhmRank);
        foreach (RankPatternSection pattern in RankPatterns)
        {
            pattern.Validate();
            Routed("peft.rank-patterns", () => Peft.ModulePattern.FullMatch(pattern.Pattern));
        }
        Check.That(Dropout is >= 0 and < 1, "peft.dropout", "0 ≤ p < 1", Dropout);
        Check.That(Targets.Count == 0 || TargetsRegex is null, "peft.targets and peft.targets-regex", "one of the two", "both");
        Check.That(Layers.All(layer => layer >= 0), "peft.layers", "numbers from 0", string.Join(", ", Layers));
        Routed("peft.routing", () => VLPeft.Routing.KnownRoutingFunctions.Get(Routing));
        Routed("peft.bottleneck", () => Peft.KnownBottlenecks.Get(Bottleneck).Validate(Rank));
        if (Activation is not null)
            Routed("peft.activation", () => Models.HiddenActivations.Parse(Activation));
    }

    // A refusal of what a key names, under the key's name.
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
