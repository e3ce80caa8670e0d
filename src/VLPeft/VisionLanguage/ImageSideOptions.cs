using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.Routing;

namespace VLPeft.VisionLanguage;

/// <summary>How pictures reach the language model.</summary>
/// <param name="Source">x_R for routing.</param>
/// <param name="Prefix">How the image enters the sequence.</param>
/// <param name="PrefixSource">What stands there.</param>
/// <param name="Routed">Whether any bottleneck reads x_R.</param>
public sealed record ImageSideOptions(RoutingSource Source, PrefixKind Prefix, PrefixSource PrefixSource, bool Routed)
{
    /// <summary>The text-only control, which sees zeros in place of every feature.</summary>
    public bool IsBlind => Source == RoutingSource.Zeros;

    /// <summary>Whether the pooled feature is read.</summary>
    public bool NeedsPooled => !IsBlind && ((Routed && Source == RoutingSource.Pooled) || (Prefix != PrefixKind.None && PrefixSource == PrefixSource.Pooled));

    /// <summary>Whether all vision tokens are read.</summary>
    public bool NeedsTokens => !IsBlind && ((Routed && Source == RoutingSource.Patches) || (Prefix != PrefixKind.None && PrefixSource == PrefixSource.Patches));

    /// <summary>Whether each picture's noise is read.</summary>
    public bool NeedsNoise => Routed && Source == RoutingSource.Noise;

    /// <summary>Whether anything of a picture is read.</summary>
    public bool NeedsImages => NeedsPooled || NeedsTokens || NeedsNoise;

    /// <summary>How pictures reach the language model in a recipe.</summary>
    public static ImageSideOptions Of(Recipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        // Several tasks read the encoder's tokens; what routes is made of them and the text inside the language model.
        if (recipe.Task == RecipeTask.Multitask)
            return new(RoutingSource.Patches, PrefixKind.Single, PrefixSource.Patches, IsRouted(recipe.Peft));
        return new(recipe.RoutingFeature.Source, recipe.Text.Prefix, recipe.Text.PrefixSource, IsRouted(recipe.Peft));
    }

    /// <summary>Whether a recipe's bottlenecks read x_R.</summary>
    internal static bool IsRouted(PeftSection peft) => peft.Method is PeftMethod.Lora or PeftMethod.Adapter
        && (KnownRoutingFunctions.Get(peft.Routing).NeedsFeature || KnownBottlenecks.Get(peft.Bottleneck).AlwaysUsesFeature);
}
