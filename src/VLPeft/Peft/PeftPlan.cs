using System.Collections.Immutable;
using VLPeft.Routing;

namespace VLPeft.Peft;

/// <summary>Where bottlenecks go.</summary>
/// <param name="Pattern">The modules' names.</param>
/// <param name="Attach">How a bottleneck meets its module.</param>
/// <param name="ShareAs">
/// Sites with the same share name use one bottleneck: the replacement ($1…) for a <see cref="ModulePattern.FullMatch"/> pattern, for example
/// <c>$1.adapter</c> for one adapter a block. Null: each site has its own.
/// </param>
/// <param name="Blocks">For a fused projection: its blocks.</param>
/// <param name="Width">d of a module that has no two-dimensional weight to read it from.</param>
/// <param name="Bottleneck">What the bottlenecks of this site are made of, where that differs from the plan's: another rank, or no routing.</param>
public sealed record PeftSite(
    ModulePattern Pattern, Attachment Attach, string? ShareAs = null, OutputBlocks? Blocks = null, long? Width = null, BottleneckOptions? Bottleneck = null);

/// <summary>How parameters of a bottleneck are named in a state dict: the module's name, a dot, and what this says for a role.</summary>
public sealed class BottleneckNames
{
    private readonly Func<string, string> _suffix;

    private BottleneckNames(string method, Func<string, string> suffix) => (Method, _suffix) = (method, suffix);

    /// <summary>"lora", "adapter" or, for plans without bottlenecks, "none".</summary>
    public string Method { get; }

    /// <summary>lora_A (r, d_in) and lora_B (d_out, r), as Hugging Face PEFT and the reference have them.</summary>
    public static BottleneckNames Lora { get; } = new("lora", role => role switch
    {
        "down_weight" => "lora_A",
        "up_weight" => "lora_B",
        "down_bias" => "lora_A_bias",
        "up_bias" => "lora_B_bias",
        _ => $"lora_{role}",
    });

    /// <summary>adapter.down.weight, adapter.up.bias and so on.</summary>
    public static BottleneckNames Adapter { get; } = new("adapter", role => $"adapter.{role.Replace('_', '.')}");

    /// <summary>For plans without bottlenecks.</summary>
    public static BottleneckNames None { get; } = new("none", role => role);

    /// <summary>The full name of a parameter.</summary>
    public string Of(string module, string role) => $"{module}.{_suffix(role)}";
}

/// <summary>Everything that is done to a backbone: LoRA, Adapter and the other methods are factories of such a plan.</summary>
/// <param name="Sites">Where bottlenecks go; each pattern must match.</param>
/// <param name="Bottleneck">What they are made of.</param>
/// <param name="AlsoTrain">The backbone's own parameters that train; each pattern must match.</param>
/// <param name="Names">How their parameters are named.</param>
public sealed record PeftPlan(
    ImmutableArray<PeftSite> Sites, BottleneckOptions Bottleneck, ImmutableArray<ModulePattern> AlsoTrain, BottleneckNames Names)
{
    /// <summary>What methods without a low-rank bottleneck add to the backbone; each pattern must match.</summary>
    public ImmutableArray<UnitSite> Units { get; init; } = [];

    /// <summary>A plan without bottlenecks.</summary>
    /// <param name="units">What is added; nothing for methods that only train the backbone's own parameters.</param>
    /// <param name="alsoTrain">The backbone's own parameters that train.</param>
    public static PeftPlan OfUnits(ImmutableArray<UnitSite> units, ImmutableArray<ModulePattern> alsoTrain) =>
        new([], new BottleneckOptions(1, 1, KnownBottlenecks.SharedDown, KnownRoutingFunctions.None), alsoTrain, BottleneckNames.None) { Units = units };

    /// <summary>What the bottlenecks of a site are made of.</summary>
    public BottleneckOptions BottleneckOf(PeftSite site)
    {
        ArgumentNullException.ThrowIfNull(site);
        return site.Bottleneck ?? Bottleneck;
    }
}
