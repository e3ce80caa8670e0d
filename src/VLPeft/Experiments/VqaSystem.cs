using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Data;
using VLPeft.Data.Features;
using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.Routing;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>A recipe's complete model: backbones, projection, bottlenecks, head, and the list of what trains.</summary>
public sealed class VqaSystem : IDisposable
{
    private readonly Recipe _recipe;

    private VqaSystem(Recipe recipe, VqaBackbones backbones, VqaModel model, PeftModel? peft, nn.Module<Tensor, Tensor>? projection)
    {
        (_recipe, Backbones, Model, Peft) = (recipe, backbones, model, peft);
        TrainableParameters = [.. peft?.TrainableParameters ?? WholeText(), .. Projected(projection), .. WholeVision(), .. Head()];
        foreach ((_, Parameter parameter) in TrainableParameters)
            parameter.requires_grad = true;
    }

    /// <summary>Language model and vision encoder.</summary>
    public VqaBackbones Backbones { get; }

    /// <summary>The whole.</summary>
    public VqaModel Model { get; }

    /// <summary>The bottlenecks; null when everything or nothing of the language model trains.</summary>
    public PeftModel? Peft { get; }

    /// <summary>
    /// All that trains: bottlenecks and the language model's own parameters under their checkpoint names, then "projection.…", "vision.…"
    /// and "classifier.…".
    /// </summary>
    public IReadOnlyList<(string Name, Parameter Parameter)> TrainableParameters { get; }

    /// <summary>Puts a recipe's model together; fresh weights are drawn by the recipe's seed, the same for every routing function.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="backbones">Its backbones.</param>
    /// <param name="answers">How many answers there are.</param>
    /// <param name="featureWidth">d_v of the image features.</param>
    /// <param name="pca">The fitted projection, when the recipe says pca.</param>
    /// <exception cref="InvalidInputException">Widths don't agree and no projection is named, or bottlenecks can't be injected.</exception>
    public static VqaSystem Assemble(Recipe recipe, VqaBackbones backbones, long answers, long? featureWidth, PcaProjection? pca)
    {
        random.manual_seed(recipe.Seed);
        ITextEncoder text = backbones.Text;
        ImageSideOptions options = VqaBackbones.ImageOf(recipe);
        nn.Module<Tensor, Tensor>? projection = ProjectionOf(recipe, options, text.Width, featureWidth, pca);
        var image = new ImageSide(options, text.Width, projection);
        var feature = new RoutingFeature(text.Width);
        PeftPlan? plan = VqaPeft.PlanOf(recipe.Peft, text);
        foreach (Parameter parameter in text.Module.parameters())
            parameter.requires_grad = false;
        PeftModel? peft = plan is null ? null : PeftModel.Inject(text.Module, plan, feature);
        var head = new VqaHead(text.Width, recipe.Head.Hidden ?? 2 * text.Width, answers, recipe.Head.Dropout);
        var model = new VqaModel(text, image, head, recipe.Text.Readout, feature)
        {
            LastLayerIsPositionWise = plan is null || (plan.Bottleneck.Routing.IsPositionWise && !plan.Bottleneck.Kind.RoutesAfterUp),
        };
        return new VqaSystem(recipe, backbones, model, peft, recipe.RoutingFeature.Projection == ProjectionKind.Linear ? projection : null);
    }

    /// <summary>Image features of pixels, with a graph when the encoder trains.</summary>
    /// <param name="pixels">(U, C, S, S).</param>
    public ImageFeatures Encode(Tensor pixels)
    {
        ImageSideOptions options = Model.Image.Options;
        VisionOutput output = Backbones.Vision!.Encode(pixels, options.NeedsTokens ? OutputPositions.All : OutputPositions.First);
        return new ImageFeatures(options.NeedsPooled ? output.Pooled!.unsqueeze(1) : null, options.NeedsTokens ? output.LastHiddenState : null);
    }

    /// <summary>Training mode: dropout on, in the frozen backbone too where its configuration has any.</summary>
    public void Train()
    {
        Model.train();
        if (_recipe.Vision.Train)
            Backbones.Vision!.Module.train();
    }

    /// <summary>Evaluation mode.</summary>
    public void Eval()
    {
        Model.eval();
        Backbones.Vision?.Module.eval();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Peft?.Dispose();
        Model.Dispose();
        Backbones.Vision?.Module.Dispose();
    }

    private static nn.Module<Tensor, Tensor>? ProjectionOf(Recipe recipe, ImageSideOptions options, long width, long? featureWidth, PcaProjection? pca)
    {
        if (!(options.NeedsPooled || options.NeedsTokens))
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

    private IReadOnlyList<(string Name, Parameter Parameter)> WholeText() => _recipe.Peft.Method == PeftMethod.Full
        ? [.. Backbones.Text.Module.named_parameters().Select(one => (one.name, one.parameter))]
        : [];

    private static IEnumerable<(string Name, Parameter Parameter)> Projected(nn.Module? projection) =>
        projection?.named_parameters().Select(one => ($"projection.{one.name}", one.parameter)) ?? [];

    private IEnumerable<(string Name, Parameter Parameter)> WholeVision() => _recipe.Vision.Train
        ? Backbones.Vision!.Module.named_parameters().Select(one => ($"vision.{one.name}", one.parameter))
        : [];

    private IEnumerable<(string Name, Parameter Parameter)> Head() =>
        Model.Head.named_parameters().Select(one => ($"classifier.{one.name}", one.parameter));

    /// <summary>The fixed projection as a module; it has no parameters.</summary>
    private sealed class PcaModule(PcaProjection pca) : nn.Module<Tensor, Tensor>(nameof(PcaModule))
    {
        public override Tensor forward(Tensor features) => pca.Apply(features);
    }
}
