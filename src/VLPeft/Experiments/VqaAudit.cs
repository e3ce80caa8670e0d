using System.Text;
using VLPeft.Peft;
using VLPeft.Recipes;

namespace VLPeft.Experiments;

/// <summary>What a recipe's model is made of: printed by every run, and by <c>vlpeft inspect</c> without any data.</summary>
/// <param name="TextModel">The language model's folder.</param>
/// <param name="VisionModel">The vision encoder's folder, the feature file, or null.</param>
/// <param name="Image">How pictures reach the language model.</param>
/// <param name="Answers">How many answers the head has.</param>
/// <param name="TextParameters">All of the language model's own.</param>
/// <param name="VisionParameters">All of the vision encoder's own.</param>
/// <param name="HeadParameters">The classifier's.</param>
/// <param name="ProjectionParameters">A trained projection's.</param>
/// <param name="TrainableParameters">All that trains.</param>
/// <param name="Peft">The bottlenecks; null when there are none.</param>
public sealed record VqaAudit(
    string TextModel, string? VisionModel, string Image, long Answers, long TextParameters, long VisionParameters, long HeadParameters,
    long ProjectionParameters, long TrainableParameters, PeftDescription? Peft)
{
    /// <summary>The audit of an assembled model.</summary>
    public static VqaAudit Of(Recipe recipe, VqaSystem system, long answers)
    {
        VisionLanguage.ImageSideOptions image = system.Model.Image.Options;
        string shown = !image.NeedsImages ? (image.Prefix == PrefixKind.None && !image.Routed ? "not read" : "zeros (text only)")
            : $"x_R {(image.Routed ? image.Source.ToString().ToLowerInvariant() : "not read")}, prefix {image.Prefix.ToString().ToLowerInvariant()}"
                + (image.Prefix == PrefixKind.None ? "" : $" of {image.PrefixSource.ToString().ToLowerInvariant()}")
                + (recipe.Data.ShuffleImages ? ", pictures shuffled" : "");
        return new VqaAudit(
            recipe.Text.Model!, recipe.Vision.Model ?? recipe.Vision.Features.File, shown, answers,
            Count(system.Backbones.Text.Module), system.Backbones.Vision is { } vision ? Count(vision.Module) : 0, Count(system.Model.Head),
            system.TrainableParameters.Where(one => one.Name.StartsWith("projection.", StringComparison.Ordinal)).Sum(one => one.Parameter.numel()),
            system.TrainableParameters.Sum(one => one.Parameter.numel()), system.Peft?.Describe());
    }

    /// <summary>The audit of a recipe without data and without weights: folders need a config.json only.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="answersFile">The answer vocabulary, when there is one already.</param>
    /// <param name="answers">How many answers to count with otherwise.</param>
    public static VqaAudit WithoutData(Recipe recipe, string? answersFile, long answers)
    {
        if (File.Exists(answersFile))
            answers = Data.AnswerVocabulary.Load(answersFile).Count;
        VqaBackbones backbones = VqaBackbones.Load(recipe, shapesOnly: true);
        long? width = recipe.Vision.Features.File is { } file
            ? Data.Features.PreExtractedFeatures.Open(file, recipe.Vision.Features.Index!, recipe.Vision.Features.Tensor).Width
            : backbones.Vision?.Width;
        // A fixed projection has no parameters, and is not fitted yet: any module of the right shape stands for it.
        Recipe counted = recipe.RoutingFeature.Projection == ProjectionKind.Pca
            ? recipe with { RoutingFeature = recipe.RoutingFeature with { Projection = ProjectionKind.None } } : recipe;
        using VqaSystem system = VqaSystem.Assemble(counted, backbones, answers, counted == recipe ? width : backbones.Text.Width, null);
        return Of(recipe, system, answers);
    }

    /// <summary>Trainable parameters in percent of all the model's, vision encoder included.</summary>
    public double TrainablePercent => 100.0 * TrainableParameters
        / (TextParameters + VisionParameters + HeadParameters + ProjectionParameters + (Peft?.BottleneckParameters ?? 0));

    /// <summary>The audit as plain text.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        text.AppendLine($"text model   {TextModel} ({TextParameters:N0} parameters)");
        text.AppendLine($"vision       {VisionModel ?? "none"}{(VisionParameters > 0 ? $" ({VisionParameters:N0} parameters)" : "")}");
        text.AppendLine($"image        {Image}");
        text.AppendLine($"head         {Answers:N0} answers, {HeadParameters:N0} parameters");
        text.AppendLine($"trainable    {TrainableParameters:N0} parameters, {TrainablePercent:0.##} % of all");
        if (Peft is not null)
            text.Append(Peft);
        return text.ToString();
    }

    private static long Count(TorchSharp.torch.nn.Module module) => module.parameters().Sum(parameter => parameter.numel());
}
