using TorchSharp.Modules;
using VLPeft.Data.Features;
using VLPeft.Models.Gpt2;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>A recipe's complete model for captioning: backbones, projection, bottlenecks, and the list of what trains.</summary>
public sealed class CaptionSystem : IRecipeSystem, IDisposable
{
    private readonly Recipe _recipe;

    private CaptionSystem(Recipe recipe, CaptionBackbones backbones, CaptionModel model, PeftModel? peft, nn.Module? projection)
    {
        (_recipe, Backbones, Model, Peft) = (recipe, backbones, model, peft);
        TrainableParameters = SystemParts.Trainable(recipe, peft, backbones.Text, projection, backbones.Vision, head: null);
    }

    /// <summary>Language model and vision encoder.</summary>
    public CaptionBackbones Backbones { get; }

    /// <summary>The whole.</summary>
    public CaptionModel Model { get; }

    /// <summary>The bottlenecks; null when everything or nothing of the language model trains.</summary>
    public PeftModel? Peft { get; }

    /// <summary>
    /// All that trains: bottlenecks and the language model's own parameters under their checkpoint names, then "projection.…" and "vision.…".
    /// </summary>
    public IReadOnlyList<(string Name, Parameter Parameter)> TrainableParameters { get; }

    /// <summary>Puts a recipe's model together; fresh weights are drawn by the recipe's seed, the same for every routing function.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="backbones">Its backbones.</param>
    /// <param name="featureWidth">d_v of the image features.</param>
    /// <param name="pca">The fitted projection, when the recipe says pca.</param>
    /// <exception cref="InvalidInputException">Widths don't agree and no projection is named, or bottlenecks can't be injected.</exception>
    public static CaptionSystem Assemble(Recipe recipe, CaptionBackbones backbones, long? featureWidth, PcaProjection? pca)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(backbones);
        random.manual_seed(recipe.Seed);
        Gpt2Model text = backbones.Text;
        nn.Module<Tensor, Tensor>? projection = SystemParts.Projection(recipe, text.Width, featureWidth, pca);
        var image = new ImageSide(ImageSideOptions.Of(recipe), text.Width, projection);
        var feature = new RoutingFeature(text.Width);
        PeftPlan? plan = CaptionPeft.PlanOf(recipe.Peft, text, new CaptionPeftOptions(recipe.Peft.Blocks, recipe.Peft.AdapterPosition));
        PeftModel? peft = SystemParts.Inject(text, plan, feature);
        RivalPlans.RequireRoom(peft?.Prompt, recipe, text.Config.MaxLength);
        return new CaptionSystem(recipe, backbones, new CaptionModel(text, image, feature) { Prompt = peft?.Prompt }, peft, projection);
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

    RunExport IRecipeSystem.Export(Recipe recipe) => new(Peft, Backbones.Text, Backbones.Text.ConfigJson, Backbones.Vision, TrainableParameters);

    /// <inheritdoc/>
    public void Dispose()
    {
        Peft?.Dispose();
        Model.Dispose();
        Backbones.Vision?.Encoder.Module.Dispose();
    }
}
