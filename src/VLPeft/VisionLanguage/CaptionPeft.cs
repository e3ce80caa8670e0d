using System.Text.RegularExpressions;
using VLPeft.Models.Gpt2;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.Routing;

namespace VLPeft.VisionLanguage;

/// <summary>Where the one adapter of a block acts (method.md §5); it is residual, x + f(x), everywhere.</summary>
public enum AdapterPosition
{
    /// <summary>On the outputs of attention and feed-forward.</summary>
    PostModule,

    /// <summary>On what goes into the block's two LayerNorms; the residual stream beside them stays as it is.</summary>
    PreNorm,

    /// <summary>On what comes out of the block's two LayerNorms.</summary>
    PostNorm,
}

/// <summary>What captioning adds to a recipe's peft section.</summary>
/// <param name="Blocks">For LoRA on the fused projection: query and value routed together (the reference) or one by one.</param>
/// <param name="Position">For adapters.</param>
public sealed record CaptionPeftOptions(BlockRouting Blocks = BlockRouting.Joint, AdapterPosition Position = AdapterPosition.PostModule);

/// <summary>
/// The plan that a recipe's peft section means for GPT-2: LoRA on query and value of the fused c_attn, or one residual adapter a block.
/// </summary>
public static class CaptionPeft
{
    /// <summary>The method as a plan; null when nothing is attached (full, frozen).</summary>
    /// <exception cref="InvalidInputException">
    /// The routing function mixes the tokens of a text, so that a word would be predicted from those behind it; or adapter targets are given
    /// as a regular expression, which does not say which of them share one.
    /// </exception>
    public static PeftPlan? PlanOf(PeftSection section, Gpt2Model text, CaptionPeftOptions? options = null)
    {
        options ??= new CaptionPeftOptions();
        if (section.Method is PeftMethod.Lora or PeftMethod.Adapter && !KnownRoutingFunctions.Get(section.Routing).IsPositionWise)
            throw new InvalidInputException($"peft.routing: '{section.Routing}' mixes the tokens of a text; in a caption every word would then be predicted from the words behind it.");
        return section.Method switch
        {
            PeftMethod.Lora => RankPatterns.Apply(section, text, Lora(section, text, options.Blocks)),
            PeftMethod.Adapter => Adapter(section, text, options.Position),
            _ => RivalPlans.PlanOf(section, new RivalBackbone(
                text, text.Width, PeftPlans.Targets(section, text.PeftTargets.Lora), PeftPlans.Targets(section, text.PeftTargets.Adapter),
                text.PeftTargets.LayerNorms, text.Config.Activation, text.PeftTargets.Rivals)),
        };
    }

    // Other targets are plain: they have no blocks.
    private static PeftPlan Lora(PeftSection section, Gpt2Model text, BlockRouting blocks)
    {
        LoraOptions lora = PeftPlans.Lora(section, text.PeftTargets);
        string[] names = [.. text.named_modules().Select(one => one.name).Where(lora.Targets.Matches)];
        string[] plain = [.. names.Where(name => !IsFused(name))];
        if (plain.Length == names.Length && names.Length > 0)
            return lora.ToPlan();
        PeftPlan plan = (lora with { Blocks = new OutputBlocks([true, false, true], blocks) }).ToPlan();
        return plain.Length == 0 ? plan : plan with
        {
            Sites =
            [
                plan.Sites[0] with { Pattern = ModulePattern.Suffixes(names.Where(IsFused)) },
                new PeftSite(ModulePattern.Suffixes(plain), Attachment.Parallel),
            ],
        };
    }

    private static bool IsFused(string name) => name.EndsWith(".c_attn", StringComparison.Ordinal);

    private static PeftPlan Adapter(PeftSection section, Gpt2Model text, AdapterPosition position)
    {
        if (section.TargetsRegex is not null)
            throw new InvalidInputException("peft.targets-regex: the adapters of a block share one bottleneck, which a regular expression can't say; name them in peft.targets.");
        IReadOnlyList<string> defaults = position == AdapterPosition.PostModule ? text.PeftTargets.Adapter : ["ln_1", "ln_2"];
        string names = string.Join('|', PeftPlans.Names(section, defaults).Select(Regex.Escape));
        ModulePattern pattern = PeftPlans.InLayers(section, ModulePattern.FullMatch($@"(transformer\.h\.\d+)\.(?:.+\.)?(?:{names})"));
        return (PeftPlans.Adapter(section, text.PeftTargets, pattern, text.Config.Activation) with
        {
            Residual = true,
            OnInput = position == AdapterPosition.PreNorm,
            ShareAs = "$1",
            Width = text.Width,
        }).ToPlan();
    }
}
