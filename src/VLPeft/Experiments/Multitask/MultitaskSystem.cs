using TorchSharp.Modules;
using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>A recipe's complete model for several tasks: backbones, visual embedding, bottlenecks, and the list of what trains.</summary>
public sealed class MultitaskSystem : IRecipeSystem, IDisposable
{
    private MultitaskSystem(Recipe recipe, MultitaskBackbones backbones, EncoderDecoderModel model, PeftModel? peft)
    {
        (Backbones, Model, Peft) = (backbones, model, peft);
        TrainableParameters = SystemParts.Trainable(recipe, peft, backbones.Text.Module, null, backbones.Vision, head: null, model.Visual);
    }

    /// <summary>Encoder-decoder and vision encoder.</summary>
    public MultitaskBackbones Backbones { get; }

    /// <summary>The whole.</summary>
    public EncoderDecoderModel Model { get; }

    /// <summary>The bottlenecks; null when everything or nothing of the language model trains.</summary>
    public PeftModel? Peft { get; }

    /// <summary>
    /// All that trains: bottlenecks and the language model's own parameters under their checkpoint names, then "visual_embedding.…".
    /// </summary>
    public IReadOnlyList<(string Name, Parameter Parameter)> TrainableParameters { get; }

    /// <summary>Puts a recipe's model together; fresh weights are drawn by the recipe's seed, the same for every routing function.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="backbones">Its backbones.</param>
    /// <param name="featureWidth">d_v of the image tokens.</param>
    /// <exception cref="InvalidInputException">Bottlenecks can't be injected.</exception>
    public static MultitaskSystem Assemble(Recipe recipe, MultitaskBackbones backbones, long featureWidth)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(backbones);
        random.manual_seed(recipe.Seed);
        IEncoderDecoder text = backbones.Text;
        var visual = new VisualEmbedding(text, featureWidth);
        var feature = new RoutingFeature(text.Width);
        PeftModel? peft = SystemParts.Inject(text.Module, EncoderDecoderPeft.PlanOf(recipe.Peft, text), feature);
        return new MultitaskSystem(recipe, backbones, new EncoderDecoderModel(text, visual, feature, ImageSideOptions.IsRouted(recipe.Peft)) { Prompt = peft?.Prompt }, peft);
    }

    /// <summary>Training mode: dropout on, in the frozen backbone too where its configuration has any.</summary>
    public void Train() => Model.train();

    /// <summary>Evaluation mode.</summary>
    public void Eval() => Model.eval();

    RunExport IRecipeSystem.Export(Recipe recipe) => new(Peft, Backbones.Text.Module, Backbones.Text.ConfigJson, Backbones.Vision, TrainableParameters);

    /// <inheritdoc/>
    public void Dispose()
    {
        Peft?.Dispose();
        Model.Dispose();
        Backbones.Vision?.Encoder.Module.Dispose();
    }
}
