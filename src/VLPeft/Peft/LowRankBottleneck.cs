using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using VLPeft.Routing;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>
/// The one bottleneck behind LoRA and Adapter: down → R → activation → up → scale. In the notation of method.md §3,
/// f(x_H) = scale · W_up act(R(W_down drop(x_H), W_down drop(x_R))).
/// </summary>
/// <remarks>B batch, T text, V vision, d width, r rank, n enabled blocks of a fused projection.</remarks>
public sealed class LowRankBottleneck : nn.Module<Tensor, Tensor?, Tensor>
{
    private readonly BottleneckEntry entry;
    private readonly Parameter up_weight;
    private readonly Parameter? up_bias;
    private readonly IRoutingFunction _routing;
    private readonly BlockLayout _layout;

    /// <summary>A bottleneck for a site with inputs <paramref name="width"/> and outputs <paramref name="outputWidth"/> wide.</summary>
    /// <param name="width">d of x_H and x_R.</param>
    /// <param name="outputWidth">d_out.</param>
    /// <param name="options">Rank, scale, routing, biases.</param>
    /// <param name="blocks">For a fused projection: its blocks; r is then the rank of each.</param>
    /// <exception cref="InvalidInputException">An option is out of range, or the blocks don't divide the output.</exception>
    public LowRankBottleneck(long width, long outputWidth, BottleneckOptions options, OutputBlocks? blocks = null)
        : base(nameof(LowRankBottleneck))
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        (Width, OutputWidth, Options) = (width, outputWidth, options);
        _layout = new BlockLayout(outputWidth, options.Rank, blocks);
        _routing = blocks is { Routing: BlockRouting.Separate } && options.Routing.NeedsFeature
            ? new BlockwiseRouting(options.Routing, options.Kind.RoutesAfterUp ? blocks.Enabled.Length : blocks.EnabledCount)
            : options.Routing;
        entry = options.Kind.CreateEntry(width, _layout.JointRank, options.Bias, _routing);
        up_weight = options.Initialization == BottleneckInitialization.ZeroUp
            ? Layers.Bare(zeros(_layout.EnabledWidth, options.Rank))
            : BottleneckEntry.Linear.FreshWeight(_layout.EnabledWidth, options.Rank);
        up_bias = !options.Bias ? null
            : options.Initialization == BottleneckInitialization.ZeroUp ? Layers.Bare(zeros(_layout.EnabledWidth))
            : BottleneckEntry.Linear.FreshBias(_layout.EnabledWidth, options.Rank);
        RegisterComponents();
    }

    /// <summary>d of x_H and x_R.</summary>
    public long Width { get; }

    /// <summary>d_out, with the blocks that carry no bottleneck.</summary>
    public long OutputWidth { get; }

    /// <summary>What it was made of.</summary>
    public BottleneckOptions Options { get; }

    /// <summary>The parameters by their role: down_weight, down_bias, up_weight, up_bias; other kinds have others.</summary>
    public IEnumerable<(string Role, Parameter Parameter)> Roles
    {
        get
        {
            foreach ((string name, Parameter parameter) in entry.named_parameters())
                yield return (name, parameter);
            yield return (nameof(up_weight), up_weight);
            if (up_bias is not null)
                yield return (nameof(up_bias), up_bias);
        }
    }

    /// <summary>f(x_H).</summary>
    /// <param name="hidden">x_H (B, T, d); any leading dimensions when nothing is routed.</param>
    /// <param name="feature">x_R (B, V, d); null is fine for an unrouted bottleneck only.</param>
    /// <returns>(B, T, d_out).</returns>
    /// <exception cref="ArgumentException">A width or the batch differs.</exception>
    public override Tensor forward(Tensor hidden, Tensor? feature)
    {
        CheckShapes(hidden, feature);
        hidden = Drop(hidden);
        feature = Options.IsRouted ? Drop(feature!) : null;
        if (Options.Kind.RoutesAfterUp && Options.IsRouted)
            return _routing.Route(Up(entry.call(hidden, null)), Up(entry.call(feature!, null))).Times(Options.Scale);
        return Scaled(entry.call(hidden, feature));
    }

    /// <summary>f(x_H) with a feature that many forwards share: W_down x_R is not computed again where the kind of bottleneck allows it.</summary>
    internal Tensor Run(Tensor hidden, FixedRoutingFeature feature)
    {
        bool reusable = Options.IsRouted && entry is SharedDownEntry && !Options.Kind.RoutesAfterUp && !training && !is_grad_enabled();
        if (!reusable)
            return call(hidden, feature.Rows);
        CheckShapes(hidden, feature.Rows);
        return Scaled(((SharedDownEntry)entry).Route(hidden, feature.Projected(this)));
    }

    /// <summary>
    /// Tells of what is between the halves, R(x_t, x_v) (B, T, n·r), in every forward through <c>call</c> until the hook is removed; where routing comes
    /// after up, of f(x_H) (B, T, d_out).
    /// </summary>
    internal HookRemover Observe(Action<Tensor> routed)
    {
        Tensor Tell(nn.Module<Tensor, Tensor?, Tensor> module, Tensor hidden, Tensor? feature, Tensor output)
        {
            routed(output);
            return output;
        }
        return Options.Kind.RoutesAfterUp ? register_forward_hook(Tell) : entry.register_forward_hook(Tell);
    }

    /// <summary>W_down x_R, (…, d) → (…, n·r); for bottlenecks with one down projection.</summary>
    internal Tensor ProjectFeature(Tensor feature) => ((SharedDownEntry)entry).Down(feature);

    /// <summary>
    /// For one fixed image with V = 1: the whole bottleneck as one matrix (d_out, d) and a bias (d_out) or null, to be added to the
    /// frozen layer's (method.md §3).
    /// </summary>
    /// <param name="feature">x_R (1, d).</param>
    /// <exception cref="NotSupportedException">This bottleneck can't be folded.</exception>
    public (Tensor Weight, Tensor? Bias) Fold(Tensor feature)
    {
        ArgumentNullException.ThrowIfNull(feature);
        if (feature.dim() != 2 || feature.size(0) != 1 || feature.size(1) != Width)
            throw new ArgumentException($"folding takes one image's feature (1, {Width}), got ({string.Join(", ", feature.shape)}).");
        if (!CanFold || Options.Routing is not IFoldableRoutingFunction foldable || entry is not SharedDownEntry shared)
            throw new NotSupportedException($"a bottleneck with {Options.Kind.Name} and {Options.Routing.Name} can't be folded into one matrix.");
        (Tensor weight, Tensor? bias) = _routing is BlockwiseRouting
            ? FoldBlocks(foldable, shared.down_weight, shared.Down(feature))
            : foldable.Fold(shared.down_weight, _layout.Spread(up_weight), shared.Down(feature));
        return (weight.Times(Options.Scale), bias?.Times(Options.Scale));
    }

    /// <summary>Whether <see cref="Fold"/> is possible.</summary>
    internal bool CanFold => Options.Routing is IFoldableRoutingFunction && entry is SharedDownEntry && !Options.Kind.RoutesAfterUp
        && Options.Activation is null && !Options.Bias;

    /// <summary>Multiply-adds that a row costs: n·r·d down, d_out·r up.</summary>
    internal long RowCost => (_layout.JointRank * Width) + (_layout.EnabledWidth * Options.Rank);

    /// <summary>Multiply-adds of <see cref="Fold"/>, at most.</summary>
    internal long FoldCost => OutputWidth * _layout.JointRank * Width;

    private (Tensor Weight, Tensor? Bias) FoldBlocks(IFoldableRoutingFunction foldable, Tensor down, Tensor vision)
    {
        int blocks = (int)(_layout.EnabledWidth / _layout.BlockWidth);
        Tensor[] downs = down.chunk(blocks, 0), ups = up_weight.chunk(blocks, 0), visions = vision.chunk(blocks, 1);
        (Tensor Weight, Tensor? Bias)[] parts = [.. Enumerable.Range(0, blocks).Select(i => foldable.Fold(downs[i], ups[i], visions[i]))];
        Tensor?[] biases = [.. parts.Select(part => part.Bias)];
        return (
            _layout.Arrange([.. parts.Select(part => part.Weight)], 0),
            biases[0] is null ? null : _layout.Arrange([.. biases.Select(bias => bias!)], 0));
    }

    // (B, T, n·r) → (B, T, d_out), scaled in r numbers rather than d_out; a bias of W_up has to be scaled behind it.
    private Tensor Scaled(Tensor routed) => Options.Scale == 1 ? Up(routed)
        : up_bias is null ? Project(Activate(routed).Times(Options.Scale))
        : Up(routed).Times(Options.Scale);

    /// <summary>Refuses hidden states of another device: a backbone that was moved leaves its bottlenecks, and their optimizer, behind.</summary>
    internal void RequireDevice(Tensor hidden, string module)
    {
        if (hidden.device_type != up_weight.device_type || hidden.device_index != up_weight.device_index)
            throw new InvalidOperationException($"the bottleneck on '{module}' is on {up_weight.device}, but its hidden states are on {hidden.device}: "
                + "move the model before bottlenecks are injected into it (or detach them, move it, and load them again).");
    }

    private Tensor Up(Tensor routed) => Project(Activate(routed));

    private Tensor Activate(Tensor routed) => Options.Activation?.Apply(routed) ?? routed;

    private Tensor Project(Tensor active) => _layout.Project(active, up_weight, up_bias);

    private Tensor Drop(Tensor x) => Options.Dropout > 0 && training ? nn.functional.dropout(x, Options.Dropout, true) : x;

    private void CheckShapes(Tensor hidden, Tensor? feature)
    {
        ArgumentNullException.ThrowIfNull(hidden);
        if (hidden.dim() < 2 || hidden.size(-1) != Width)
            throw new ArgumentException($"expected hidden states (…, {Width}), got ({string.Join(", ", hidden.shape)}).");
        if (!Options.IsRouted)
            return;
        if (feature is null)
            throw new ArgumentException($"routing by {Options.Routing.Name} needs a routing feature, and none is set; wrap the forward in RoutingFeature.Use.");
        if (hidden.dim() != 3 || feature.dim() != 3 || feature.size(0) != hidden.size(0) || feature.size(2) != Width)
            throw new ArgumentException($"the routing feature must be (B, V, {Width}) for hidden states (B, T, {Width}); "
                + $"it is ({string.Join(", ", feature.shape)}) for ({string.Join(", ", hidden.shape)}).");
    }
}
