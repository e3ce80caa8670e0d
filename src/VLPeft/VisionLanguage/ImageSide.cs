using TorchSharp;
using VLPeft.Recipes;
using static TorchSharp.torch;

namespace VLPeft.VisionLanguage;

/// <summary>
/// From image features to what the language model takes of them: the routing feature x_R (B, V, d) and the visual prefix (B, P, d), both
/// through the same projection when the widths differ (method.md §1).
/// </summary>
public sealed class ImageSide : nn.Module
{
    private readonly nn.Module<Tensor, Tensor>? projection;
    private readonly long _width;

    /// <summary>An image side for hidden states <paramref name="width"/> wide.</summary>
    /// <param name="options">Sources of x_R and prefix.</param>
    /// <param name="width">d of the language model.</param>
    /// <param name="projection">(…, d_v) → (…, d); null when the widths agree.</param>
    public ImageSide(ImageSideOptions options, long width, nn.Module<Tensor, Tensor>? projection) : base(nameof(ImageSide))
    {
        (Options, _width, this.projection) = (options, width, projection);
        RegisterComponents();
    }

    /// <summary>Sources of x_R and prefix.</summary>
    public ImageSideOptions Options { get; }

    /// <summary>x_R and prefix of a batch; null where they are not used.</summary>
    /// <param name="features">The pictures; null is fine when nothing of them is read.</param>
    /// <param name="batch">B.</param>
    /// <exception cref="ArgumentException">A feature that is read is missing or has another batch or width.</exception>
    public (Tensor? Routing, Tensor? Prefix) Compute(ImageFeatures? features, long batch)
    {
        Tensor? pooled = Options.NeedsPooled ? Projected(features?.Pooled, batch, "pooled") : null;
        Tensor? tokens = Options.NeedsTokens ? Projected(features?.Tokens, batch, "token") : null;
        Tensor? prefix = Options.Prefix == PrefixKind.None ? null
            : Options.IsBlind ? zeros(batch, 1, _width)
            : Options.PrefixSource == PrefixSource.Patches ? tokens : pooled;
        if (!Options.Routed)
            return (null, prefix);
        Tensor routing = Options.Source switch
        {
            RoutingSource.Pooled => pooled!,
            RoutingSource.Patches => tokens!,
            RoutingSource.Ones => ones(batch, 1, _width),
            RoutingSource.Zeros => zeros(batch, 1, _width),
            RoutingSource.Noise => Checked(features?.Noise, batch, "noise"),
            _ => throw new InvalidOperationException($"no source {Options.Source}."),
        };
        return (routing, prefix);
    }

    /// <summary>The mask (B, T) of a text with the prefix (B, P, d) in front of it, which is never padding: (B, P + T); null stays null.</summary>
    internal static Tensor? PrefixedMask(Tensor prefix, Tensor? mask) =>
        mask is null ? null : cat([ones(mask.size(0), prefix.size(1), mask.dtype, mask.device), mask], 1);

    private Tensor Projected(Tensor? feature, long batch, string what)
    {
        if (feature is null)
            throw new ArgumentException($"the {what} image feature is read, but none was given.");
        return Checked(projection is null ? feature : projection.call(feature), batch, what);
    }

    private Tensor Checked(Tensor? feature, long batch, string what)
    {
        if (feature is null || feature.dim() != 3 || feature.size(0) != batch || feature.size(2) != _width)
            throw new ArgumentException($"expected the {what} image feature as ({batch}, V, {_width}), got {(feature is null ? "none" : $"({string.Join(", ", feature.shape)})")}.");
        return feature;
    }
}
