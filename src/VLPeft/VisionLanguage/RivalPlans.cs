using System.Collections.Immutable;
using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Recipes;
using static TorchSharp.torch;

namespace VLPeft.VisionLanguage;

/// <summary>What the methods that LoRA and Adapter are compared with need to know of a task's language model.</summary>
/// <param name="Module">The model.</param>
/// <param name="Width">d.</param>
/// <param name="Lora">The modules that a LoRA is put on.</param>
/// <param name="Adapter">The modules whose output goes through an adapter.</param>
/// <param name="LayerNorms">The LayerNorms' parameters.</param>
/// <param name="Activation">An adapter's.</param>
/// <param name="Targets">Where the other methods act; null when the model does not say.</param>
internal sealed record RivalBackbone(
    nn.Module Module, long Width, ModulePattern Lora, ModulePattern Adapter, ModulePattern LayerNorms, HiddenActivation Activation, RivalTargets? Targets);

/// <summary>The plans of the methods that LoRA and Adapter are compared with, for any task (docs/rivals.md).</summary>
internal static class RivalPlans
{
    /// <summary>The plan of a recipe's method; null when nothing is attached (full, frozen), and for LoRA and Adapter, whose plans are the task's.</summary>
    /// <exception cref="InvalidInputException">The model does not say where the method acts, or has nothing for it to act on.</exception>
    public static PeftPlan? PlanOf(PeftSection section, RivalBackbone text) => section.Method switch
    {
        PeftMethod.Bitfit => new BitFitOptions(Of(section, Biases(section, text))).ToPlan(),
        PeftMethod.Layernorm => new LayerNormOptions(PeftPlans.InLayers(section, text.LayerNorms)).ToPlan(),
        PeftMethod.Ia3 => Ia3(section, text, Known(section, text)),
        PeftMethod.Prompt => new PromptOptions(ModulePattern.FullMatch(Known(section, text).Words), section.Length)
        {
            Reparametrization = section.Reparametrization,
            AlsoTrain = LayerNorms(section, text),
        }.ToPlan(),
        PeftMethod.Prefix => new PrefixOptions(Of(section, Known(section, text).Attentions), section.Length)
        {
            Reparametrization = section.Reparametrization,
            AlsoTrain = LayerNorms(section, text),
        }.ToPlan(),
        PeftMethod.Dora => Dora(section, text),
        PeftMethod.Compacter => Compacter(section, text),
        _ => null,
    };

    /// <summary>Refuses a prompt that, with text and visual prefix, is longer than the model's positions.</summary>
    /// <exception cref="InvalidInputException">It is.</exception>
    public static void RequireRoom(PromptVectors? prompt, Recipe recipe, long maxLength)
    {
        long text = recipe.Text.MaxLength + (recipe.Text.Prefix == PrefixKind.None ? 0 : 1);
        if (prompt is not null && prompt.Length + text > maxLength)
            throw new InvalidInputException($"peft.length: a prompt of {prompt.Length} vectors and a text of up to {text} tokens, prefix included, make {prompt.Length + text}; "
                + $"the language model has positions for {maxLength}.");
    }

    private static PeftPlan Ia3(PeftSection section, RivalBackbone text, RivalTargets targets) =>
        new Ia3Options(Of(section, targets.KeysAndValues), Of(section, targets.FeedForward)) { Blocks = targets.Blocks, AlsoTrain = LayerNorms(section, text) }.ToPlan();

    private static PeftPlan Dora(PeftSection section, RivalBackbone text) => RankPatterns.Apply(section, text.Module, new DoraOptions(text.Lora, section.Rank, section.Alpha ?? section.Rank)
    {
        Scaling = section.Scaling,
        Dropout = section.Dropout,
        AlsoTrain = [.. PeftPlans.BiasesOf(section, text.Module, text.Lora), .. LayerNorms(section, text)],
    }.ToPlan());

    private static PeftPlan Compacter(PeftSection section, RivalBackbone text) => new CompacterOptions(
        text.Adapter, text.Width, section.Rank, section.Activation is null ? text.Activation : HiddenActivations.Parse(section.Activation))
    {
        PhmDimension = section.PhmDimension,
        PhmRank = section.PhmRank,
        Dropout = section.Dropout,
        AlsoTrain = LayerNorms(section, text),
    }.ToPlan();

    private static ImmutableArray<ModulePattern> LayerNorms(PeftSection section, RivalBackbone text) => section.LayerNormsTrain ? [text.LayerNorms] : [];

    private static ModulePattern Of(PeftSection section, string pattern) => PeftPlans.InLayers(section, ModulePattern.FullMatch(pattern));

    private static string Biases(PeftSection section, RivalBackbone text) => Known(section, text).Biases ?? throw new InvalidInputException(
        $"peft.method: bitfit trains the biases of the language model, and a {text.Module.GetName()} has none; expected another method, such as layernorm.");

    private static RivalTargets Known(PeftSection section, RivalBackbone text) => text.Targets ?? throw new InvalidInputException(
        $"peft.method: {RecipeNames.Kebab(section.Method.ToString())} does not know where to act in a {text.Module.GetName()}; expected lora, adapter, dora, compacter, layernorm, full or frozen.");
}
