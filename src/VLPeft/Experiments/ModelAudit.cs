using System.Text;
using TorchSharp.Modules;
using VLPeft.Data.Features;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>What a recipe's model is made of: printed by every run, and by <c>vlpeft inspect</c> without any data.</summary>
/// <param name="Task">The recipe's task.</param>
/// <param name="TextModel">The language model's folder.</param>
/// <param name="VisionModel">The vision encoder's folder, the feature file, or null.</param>
/// <param name="Image">How pictures reach the language model.</param>
/// <param name="Answers">How many answers the head has; null without a head.</param>
/// <param name="TextParameters">All of the language model's own.</param>
/// <param name="VisionParameters">All of the vision encoder's own.</param>
/// <param name="HeadParameters">The classifier's; 0 without a head.</param>
/// <param name="ProjectionParameters">A trained projection's.</param>
/// <param name="TrainableParameters">All that trains.</param>
/// <param name="Peft">The bottlenecks; null when there are none.</param>
public sealed record ModelAudit(
    string Task, string TextModel, string? VisionModel, string Image, long? Answers, long TextParameters, long VisionParameters,
    long HeadParameters, long ProjectionParameters, long TrainableParameters, PeftDescription? Peft)
{
    /// <summary>The audit of an assembled model for question answering.</summary>
    public static ModelAudit Of(Recipe recipe, VqaSystem system, long answers)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(system);
        return Of(recipe, system.Backbones.Text.Module, system.Backbones.Vision, system.TrainableParameters, system.Peft) with
        {
            Answers = answers,
            HeadParameters = Count(system.Model.Head),
        };
    }

    /// <summary>The audit of an assembled model for captioning.</summary>
    public static ModelAudit Of(Recipe recipe, CaptionSystem system)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(system);
        return Of(recipe, system.Backbones.Text, system.Backbones.Vision, system.TrainableParameters, system.Peft);
    }

    /// <summary>The audit of an assembled model for several tasks.</summary>
    public static ModelAudit Of(Recipe recipe, MultitaskSystem system)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(system);
        return Of(recipe, system.Backbones.Text.Module, system.Backbones.Vision, system.TrainableParameters, system.Peft) with
        {
            VisualEmbeddingParameters = Count(system.Model.Visual),
        };
    }

    /// <summary>The embedding of image tokens, of an encoder-decoder.</summary>
    public long VisualEmbeddingParameters { get; init; }

    /// <summary>The audit of a recipe without data and without weights: folders need a config.json only.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="answersFile">The answer vocabulary, when there is one already.</param>
    /// <param name="answers">How many answers to count with otherwise.</param>
    public static ModelAudit WithoutData(Recipe recipe, string? answersFile, long answers)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        if (recipe.Task == RecipeTask.Captioning)
        {
            CaptionBackbones captioning = CaptionBackbones.Load(recipe, shapesOnly: true);
            (Recipe counted, long? width) = Countable(recipe, captioning.Vision, captioning.Text.Width);
            using CaptionSystem system = CaptionSystem.Assemble(counted, captioning, width, null);
            return Of(recipe, system);
        }
        if (recipe.Task == RecipeTask.Multitask)
        {
            MultitaskBackbones several = MultitaskBackbones.Load(recipe, shapesOnly: true);
            (_, long? tokens) = Countable(TextTasks.Of(recipe, recipe.Multitask.Tasks[0]), several.Vision, several.Text.Width);
            using MultitaskSystem whole = MultitaskSystem.Assemble(recipe, several, tokens!.Value);
            return Of(recipe, whole);
        }
        VqaBackbones backbones = VqaBackbones.Load(recipe, shapesOnly: true);
        (Recipe vqa, long? featureWidth) = Countable(recipe, backbones.Vision, backbones.Text.Width);
        if (File.Exists(answersFile))
            answers = Data.AnswerVocabulary.Load(answersFile).Count;
        using VqaSystem vqaSystem = VqaSystem.Assemble(vqa, backbones, answers, featureWidth, null);
        return Of(recipe, vqaSystem, answers);
    }

    /// <summary>Trainable parameters in percent of all the model's, vision encoder included.</summary>
    public double TrainablePercent => 100.0 * TrainableParameters / (WithoutVision + VisionParameters);

    /// <summary>
    /// The same without the vision encoder, as VL-Adapter's and VL-PET's published percentages count: their features are made beforehand.
    /// </summary>
    public double TrainablePercentWithoutVision => 100.0 * TrainableParameters / WithoutVision;

    private long WithoutVision =>
        TextParameters + HeadParameters + ProjectionParameters + VisualEmbeddingParameters + (Peft?.BottleneckParameters + Peft?.UnitParameters ?? 0);

    /// <summary>The audit as plain text.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.AppendLine($"text model   {TextModel} ({TextParameters:N0} parameters)");
        text.AppendLine($"vision       {VisionModel ?? "none"}{(VisionParameters > 0 ? $" ({VisionParameters:N0} parameters)" : "")}");
        text.AppendLine($"image        {Image}");
        if (VisualEmbeddingParameters > 0)
            text.AppendLine($"embedding    {VisualEmbeddingParameters:N0} parameters, of image tokens");
        if (Answers is { } answers)
            text.AppendLine($"head         {answers:N0} answers, {HeadParameters:N0} parameters");
        text.AppendLine($"trainable    {TrainableParameters:N0} parameters, {TrainablePercent:0.##} % of all"
            + (VisualEmbeddingParameters > 0 ? $", {TrainablePercentWithoutVision:0.00} % without the vision encoder" : ""));
        if (Peft is not null)
            text.Append(Peft);
        return text.ToString();
    }

    private static ModelAudit Of(
        Recipe recipe, nn.Module text, VisionBackbone? vision, IReadOnlyList<(string Name, Parameter Parameter)> trainable, PeftModel? peft) => new(
        RecipeNames.Kebab(recipe.Task.ToString()), recipe.Text.Model!, VisionShown(recipe), Shown(recipe), null,
        Count(text), vision is null ? 0 : Count(vision.Encoder.Module), 0,
        trainable.Where(one => one.Name.StartsWith("projection.", StringComparison.Ordinal)).Sum(one => one.Parameter.numel()),
        trainable.Sum(one => one.Parameter.numel()), peft?.Describe());

    private static string? VisionShown(Recipe recipe)
    {
        string[] own = [.. recipe.Multitask.Tasks.SelectMany(task => task.Features)];
        string? all = recipe.Vision.Model ?? recipe.Vision.Features.File ?? (recipe.Vision.Features.Hdf5.Count > 0 ? string.Join(", ", recipe.Vision.Features.Hdf5) : null);
        return own.Length == 0 ? all : string.Join(", ", own.Prepend(all).OfType<string>());
    }

    private static string Shown(Recipe recipe)
    {
        if (recipe.Task == RecipeTask.Multitask)
            return $"tokens behind the text{(ImageSideOptions.IsRouted(recipe.Peft) ? ", x_R the mean of what each attention reads" : "")}; tasks {string.Join(", ", recipe.Multitask.Tasks.Select(task => TextTasks.Name(task.Task)))}";
        ImageSideOptions image = ImageSideOptions.Of(recipe);
        return !image.NeedsImages ? (image.Prefix == PrefixKind.None && !image.Routed ? "not read" : "zeros (text only)")
            : $"x_R {(image.Routed ? image.Source.ToString().ToLowerInvariant() : "not read")}, prefix {image.Prefix.ToString().ToLowerInvariant()}"
                + (image.Prefix == PrefixKind.None ? "" : $" of {image.PrefixSource.ToString().ToLowerInvariant()}")
                + (recipe.Data.ShuffleImages ? ", pictures shuffled" : "");
    }

    // A fixed projection has no parameters, and is not fitted yet: any module of the right shape stands for it.
    private static (Recipe Recipe, long? Width) Countable(Recipe recipe, VisionBackbone? vision, long textWidth)
    {
        if (recipe.RoutingFeature.Projection == ProjectionKind.Pca)
            return (recipe with { RoutingFeature = recipe.RoutingFeature with { Projection = ProjectionKind.None } }, textWidth);
        return (recipe, recipe.Vision.Features.IsNamed ? ImageStores.WidthOf(recipe.Vision.Features) : vision?.Encoder.Width);
    }

    private static long Count(nn.Module module) => module.parameters().Sum(parameter => parameter.numel());
}
