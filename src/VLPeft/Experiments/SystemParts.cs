using TorchSharp.Modules;
using VLPeft.Data.Features;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>What the models of all tasks are put together from.</summary>
internal static class SystemParts
{
    /// <summary>The way of image features to the language model's width; null when they have it, or nothing of them is read.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="width">d.</param>
    /// <param name="featureWidth">d_v.</param>
    /// <param name="pca">The fitted projection, when the recipe says pca.</param>
    /// <exception cref="InvalidInputException">The widths don't agree and no projection is named.</exception>
    public static nn.Module<Tensor, Tensor>? Projection(Recipe recipe, long width, long? featureWidth, PcaProjection? pca)
    {
        ImageSideOptions image = ImageSideOptions.Of(recipe);
        if (!(image.NeedsPooled || image.NeedsTokens))
            return null;
        long from = featureWidth ?? throw new ArgumentNullException(nameof(featureWidth));
        switch (recipe.RoutingFeature.Projection)
        {
            case ProjectionKind.Linear:
                return nn.Linear(from, width);
            case ProjectionKind.Pca:
                return new PcaModule(pca ?? throw new ArgumentNullException(nameof(pca)));
            default:
                return from == width ? null : throw new InvalidInputException(
                    $"routing-feature.projection: the image features are {from} wide and the language model {width}; name a projection, linear or pca.");
        }
    }

    /// <summary>
    /// All that trains, switched on: bottlenecks and the language model's own parameters under their checkpoint names, then "projection.…",
    /// "visual_embedding.…", "vision.…" and "classifier.…".
    /// </summary>
    public static IReadOnlyList<(string Name, Parameter Parameter)> Trainable(
        Recipe recipe, PeftModel? peft, nn.Module text, nn.Module? projection, VisionBackbone? vision, nn.Module? head,
        nn.Module? visualEmbedding = null)
    {
        (string, Parameter)[] all =
        [
            .. peft?.TrainableParameters ?? (recipe.Peft.Method == PeftMethod.Full ? [.. Named("", text)] : []),
            .. recipe.RoutingFeature.Projection == ProjectionKind.Linear ? Named("projection.", projection) : [],
            .. Named("visual_embedding.", visualEmbedding),
            .. recipe.Vision.Train ? Named("vision.", vision!.Encoder.Module) : [],
            .. Named("classifier.", head),
        ];
        foreach ((_, Parameter parameter) in all)
            parameter.requires_grad = true;
        return all;
    }

    /// <summary>Freezes the language model and hangs the plan's bottlenecks on it; null when there is no plan.</summary>
    public static PeftModel? Inject(nn.Module text, PeftPlan? plan, RoutingFeature feature)
    {
        foreach (Parameter parameter in text.parameters())
            parameter.requires_grad = false;
        return plan is null ? null : PeftModel.Inject(text, plan, feature);
    }

    /// <summary>Opens the run's fitted projection, fitted to the training pictures first where there is none yet; null without one.</summary>
    public static PcaProjection? MakePca(
        Recipe recipe, Func<SplitImages> train, ImageStores stores, long width, RunFiles files, CancellationToken cancellation)
    {
        ImageSideOptions image = ImageSideOptions.Of(recipe);
        if (recipe.RoutingFeature.Projection != ProjectionKind.Pca || !(image.NeedsPooled || image.NeedsTokens))
            return null;
        if (!File.Exists(files.Projection))
        {
            using var scope = NewDisposeScope();
            Tensor features = stores.All(train(), cancellation);
            using PcaProjection fitted = PcaProjection.Fit(features, checked((int)width), new PcaOptions { Whitening = recipe.RoutingFeature.Whitening });
            fitted.Save(files.Projection);
        }
        return PcaProjection.Load(files.Projection);
    }

    private static IEnumerable<(string Name, Parameter Parameter)> Named(string prefix, nn.Module? module) =>
        module?.named_parameters().Select(one => ($"{prefix}{one.name}", one.parameter)) ?? [];

    /// <summary>The fixed projection as a module; it has no parameters.</summary>
    private sealed class PcaModule(PcaProjection pca) : nn.Module<Tensor, Tensor>(nameof(PcaModule))
    {
        public override Tensor forward(Tensor features) => pca.Apply(features);
    }
}
