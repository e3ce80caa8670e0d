using System.Collections.Immutable;
using VLPeft.Models;
using VLPeft.Routing;

namespace VLPeft.Peft;

/// <summary>Adapters (Houlsby et al., 2019), with a routing function inside (method.md §3).</summary>
/// <param name="Targets">The modules whose output goes through an adapter.</param>
/// <param name="Rank">r, at least 1.</param>
/// <param name="Activation">The backbone's own: GELU for RoBERTa, tanh-GELU for GPT-2; null for none.</param>
public sealed record AdapterOptions(ModulePattern Targets, long Rank, HiddenActivation? Activation)
{
    /// <summary>R; none for a plain Adapter.</summary>
    public IRoutingFunction Routing { get; init; } = KnownRoutingFunctions.None;

    /// <summary>Where text and image meet.</summary>
    public IBottleneckKind Kind { get; init; } = KnownBottlenecks.SharedDown;

    /// <summary>Whether the adapter's input is added to its output.</summary>
    public bool Residual { get; init; }

    /// <summary>Whether the adapter sits on its modules' input instead of their output; it must be residual then.</summary>
    public bool OnInput { get; init; }

    /// <summary>Dropout on the adapter's inputs while training, 0 ≤ p &lt; 1.</summary>
    public double Dropout { get; init; }

    /// <summary>Sites with the same name share one adapter; see <see cref="PeftSite.ShareAs"/>.</summary>
    public string? ShareAs { get; init; }

    /// <summary>d of modules that have no two-dimensional weight to read it from.</summary>
    public long? Width { get; init; }

    /// <summary>The backbone's own parameters that train beside the adapters.</summary>
    public ImmutableArray<ModulePattern> AlsoTrain { get; init; } = [];

    /// <summary>The plan: serial bottlenecks with biases and an activation, initialised like linear layers.</summary>
    public PeftPlan ToPlan() => new(
        [new PeftSite(Targets, Attach, ShareAs, Width: Width)],
        new BottleneckOptions(Rank, 1, Kind, Routing, Bias: true, Dropout, Activation, BottleneckInitialization.Linear),
        AlsoTrain,
        BottleneckNames.Adapter);

    private Attachment Attach => (OnInput, Residual) switch
    {
        (false, false) => Attachment.Serial,
        (false, true) => Attachment.SerialResidual,
        (true, true) => Attachment.Before,
        (true, false) => throw new InvalidInputException("an adapter on a module's input must be residual."),
    };
}
