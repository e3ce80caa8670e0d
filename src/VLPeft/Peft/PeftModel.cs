using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>
/// A backbone with bottlenecks and units attached from outside, by module name. The backbone's own modules, names and state dict stay as they
/// are: what is attached hangs on forward hooks, and <see cref="Detach"/> gives the model back as it was.
/// </summary>
public sealed class PeftModel : IDisposable
{
    private readonly List<AttachedBottleneck> _attached;
    private readonly List<AttachedUnit> _units;
    private readonly HashSet<string> _alsoTrained;
    // By name: moving a model to another device or type makes new parameters.
    private readonly Dictionary<string, bool> _gradientBefore;
    private bool _detached;

    private PeftModel(
        nn.Module backbone, PeftPlan plan, List<AttachedBottleneck> attached, List<AttachedUnit> units, HashSet<string> alsoTrained)
    {
        (Backbone, Plan, _attached, _units, _alsoTrained) = (backbone, plan, attached, units, alsoTrained);
        _gradientBefore = backbone.named_parameters().ToDictionary(one => one.name, one => one.parameter.requires_grad);
    }

    /// <summary>The model that carries the bottlenecks.</summary>
    public nn.Module Backbone { get; }

    /// <summary>What was injected.</summary>
    public PeftPlan Plan { get; }

    /// <summary>Every bottleneck with its module, in the backbone's order of each site.</summary>
    public IReadOnlyList<AttachedBottleneck> Attached => _attached;

    /// <summary>What methods without a bottleneck attached, in the order of the plan's sites.</summary>
    public IReadOnlyList<AttachedUnit> Units => _units;

    /// <summary>
    /// Attaches a plan: freezes the whole backbone, hangs a bottleneck or unit on every matched module and sets the plan's own parameters to
    /// train. Works on any TorchSharp module that reaches its children through <c>call</c>.
    /// </summary>
    /// <param name="backbone">The model.</param>
    /// <param name="plan">LoRA, an Adapter, or one of your own.</param>
    /// <param name="feature">Where routed bottlenecks find x_R during a forward.</param>
    /// <exception cref="InvalidInputException">
    /// A pattern matches nothing, a module has the wrong shape, routing without a feature: the message names the module. The backbone is unchanged then.
    /// </exception>
    public static PeftModel Inject(nn.Module backbone, PeftPlan plan, RoutingFeature? feature = null)
    {
        ArgumentNullException.ThrowIfNull(backbone);
        ArgumentNullException.ThrowIfNull(plan);
        var injection = new PeftInjection(backbone, plan, feature);
        HashSet<string> alsoTrained = injection.AlsoTrained(); // before anything is made that would have to be freed
        List<AttachedUnit> units = injection.AttachUnits();
        PeftModel model;
        try
        {
            model = new PeftModel(backbone, plan, injection.Attach(), units, alsoTrained);
        }
        catch
        {
            units.ForEach(one => one.Unit.Dispose());
            throw;
        }
        foreach ((string name, Parameter parameter) in backbone.named_parameters())
            parameter.requires_grad = model._alsoTrained.Contains(name);
        foreach (AttachedBottleneck attached in model._attached)
            attached.Hook();
        foreach (AttachedUnit unit in model._units)
            unit.Hook();
        return model;
    }

    /// <summary>The bottlenecks' parameters under their full names, each shared bottleneck once.</summary>
    public IEnumerable<(string Name, Parameter Parameter)> BottleneckParameters =>
        from owner in _attached.DistinctBy(one => one.Owner)
        from role in owner.Bottleneck.Roles
        select (Plan.Names.Of(owner.Owner, role.Role), role.Parameter);

    /// <summary>The vectors of prompt tuning, to be put beside the embedded text; null without any.</summary>
    public PromptVectors? Prompt => _units.Select(one => one.Unit).OfType<PromptVectors>().SingleOrDefault();

    /// <summary>The units' parameters under their full names, shared ones once.</summary>
    public IEnumerable<(string Name, Parameter Parameter)> UnitParameters => _units.SelectMany(one => one.Parameters).DistinctBy(one => one.Name);

    /// <summary>All that was added to the backbone.</summary>
    internal IEnumerable<(string Name, Parameter Parameter)> AddedParameters => BottleneckParameters.Concat(UnitParameters);

    /// <summary>The backbone's own parameters that train.</summary>
    public IReadOnlyList<(string Name, Parameter Parameter)> AlsoTrained =>
        [.. Backbone.named_parameters().Where(one => _alsoTrained.Contains(one.name)).Select(one => (one.name, one.parameter))];

    /// <summary>All that trains, in a stable order: bottlenecks, units, then the backbone's own.</summary>
    public IReadOnlyList<(string Name, Parameter Parameter)> TrainableParameters => [.. AddedParameters, .. AlsoTrained];

    /// <summary>What is matched, routed and trained, with parameter counts.</summary>
    public PeftDescription Describe() => PeftDescription.Of(this);

    /// <summary>Checks after the first backward that everything that is to train got a gradient.</summary>
    /// <exception cref="InvalidOperationException">A parameter has none; the message names all of them.</exception>
    public void RequireGradients()
    {
        string[] without = [.. TrainableParameters.Where(one => one.Parameter.grad is null).Select(one => one.Name)];
        if (without.Length > 0)
            throw new InvalidOperationException($"{without.Length} trainable parameters got no gradient, so they would never learn: "
                + $"{string.Join(", ", without.Take(20))}. Is the module called in the forward pass, and through call?");
    }

    /// <summary>Writes every unrouted LoRA, DoRA and (IA)³ into its layer's weights and detaches.</summary>
    /// <exception cref="InvalidOperationException">
    /// A bottleneck is routed (its delta depends on the image), or is no LoRA, or a unit is nothing that a weight could hold.
    /// </exception>
    public void Merge()
    {
        ObjectDisposedException.ThrowIf(_detached, this);
        foreach (AttachedBottleneck one in _attached)
        {
            if (one.Bottleneck.Options.IsRouted)
                throw new InvalidOperationException($"the bottleneck on '{one.ModuleName}' is routed by {one.Bottleneck.Options.Routing.Name}: "
                    + "its delta depends on the image, so merging it would silently drop the routing.");
            if (one.Attachment != Attachment.Parallel)
                throw new InvalidOperationException($"the bottleneck on '{one.ModuleName}' is an adapter; only LoRA can be merged.");
            if (!one.Bottleneck.CanFold || one.Target.get_parameter("weight") is null)
                throw new InvalidOperationException($"the bottleneck on '{one.ModuleName}' ({one.Bottleneck.Options.Kind.Name}) can't be written as one "
                    + "matrix for its layer's weight.");
        }
        foreach (AttachedUnit unit in _units.Where(one => !one.Unit.CanMerge))
            throw new InvalidOperationException($"what is on '{unit.ModuleName}' ({unit.Unit.Description}) can't be written into its module's weights.");
        using (no_grad())
        using (NewDisposeScope())
        {
            foreach (AttachedUnit unit in _units)
                unit.Unit.Merge(unit.Target);
            foreach (AttachedBottleneck one in _attached)
            {
                Parameter weight = one.Target.get_parameter("weight")!;
                Tensor delta = one.Bottleneck.Fold(zeros(1, one.Bottleneck.Width)).Weight.to(weight.dtype); // (out, in)
                weight.add_(one.Target is Conv1D ? delta.t() : delta, Scalars.One);
            }
        }
        Detach();
    }

    /// <summary>
    /// Takes every bottleneck and unit off and restores which parameters had gradients: the model computes what it did before, with whatever
    /// values its own trained parameters (<see cref="AlsoTrained"/>) have by now.
    /// </summary>
    public void Detach()
    {
        if (_detached)
            return;
        _detached = true;
        foreach (AttachedBottleneck attached in _attached)
            attached.Unhook();
        foreach (AttachedUnit unit in _units)
            unit.Unhook();
        foreach ((string name, Parameter parameter) in Backbone.named_parameters())
            parameter.requires_grad = _gradientBefore.GetValueOrDefault(name, parameter.requires_grad);
    }

    /// <summary>Detaches and frees bottlenecks and units; the backbone stays the caller's.</summary>
    public void Dispose()
    {
        Detach();
        foreach (LowRankBottleneck bottleneck in _attached.Select(one => one.Bottleneck).Distinct())
            bottleneck.Dispose();
        foreach (AttachedUnit unit in _units)
            unit.Unit.Dispose();
    }
}
