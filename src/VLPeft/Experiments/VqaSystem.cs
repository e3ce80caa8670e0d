using TorchSharp.Modules;
using VLPeft.Data.Features;
using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>A recipe's complete model for question answering: backbones, projection, bottlenecks, head, and the list of what trains.</summary>
public sealed class VqaSystem : IRecipeSystem, IDisposable
{
    private readonly Recipe _recipe;

    private VqaSystem(Recipe recipe, VqaBackbones backbones, VqaModel model, PeftModel? peft, nn.Module? projection)
    {
        (_recipe, Backbones, Model, Peft) = (recipe, backbones, model, peft);
        TrainableParameters = SystemParts.Trainable(recipe, peft, backbones.Text.Module, projection, backbones.Vision, model.Head);
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
        nn.Module<Tensor, Tensor>? projection = SystemParts.Projection(recipe, text.Width, featureWidth, pca);
        var image = new ImageSide(ImageSideOptions.Of(recipe), text.Width, projection);
        var feature = new RoutingFeature(text.Width);
        PeftPlan? plan = VqaPeft.PlanOf(recipe.Peft, text);
        PeftModel? peft = SystemParts.Inject(text.Module, plan, feature);
        RivalPlans.RequireRoom(peft?.Prompt, recipe, text.MaxLength);
        var head = new VqaHead(text.Width, recipe.Head.Hidden ?? 2 * text.Width, answers, recipe.Head.Dropout);
        var model = new VqaModel(text, image, head, recipe.Text.Readout, feature)
        {
            Prompt = peft?.Prompt,
            LastLayerIsPositionWise = plan is null || plan.Sites.Select(plan.BottleneckOf).All(options => options.Routing.IsPositionWise && !options.Kind.RoutesAfterUp),
        };
        return new VqaSystem(recipe, backbones, model, peft, projection);
    }

    /// <summary>Training mode: dropout on, in the frozen backbone too where its configuration has any.</summary>
    public void Train()
    {
        Model.train();
        if (_recipe.Vision.Train)
            Backbones.Vision!.Encoder.Module.train();
    }

    /// <summary>Evaluation mode.</summary>
    public void Eval()
    {
        Model.eval();
        Backbones.Vision?.Encoder.Module.eval();
    }

    RunExport IRecipeSystem.Export(Recipe recipe) => new(Peft, Backbones.Text.Module, Backbones.Text.ConfigJson, Backbones.Vision, TrainableParameters)
    {
        AdapterPrefix = HubFolder.BackbonePrefix(recipe.Text.Model!),
    };

    /// <inheritdoc/>
    public void Dispose()
    {
        Peft?.Dispose();
        Model.Dispose();
        Backbones.Vision?.Encoder.Module.Dispose();
    }
}
