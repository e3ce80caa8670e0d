using System.Collections.Immutable;

namespace VLPeft.Peft;

/// <summary>
/// Prompt tuning (Lester et al., 2021): trained vectors stand beside the embedded text. Nothing else of the model is touched, so whoever embeds must put
/// <see cref="PeftModel.Prompt"/> there: <c>VqaModel</c>, <c>CaptionModel</c> and <c>EncoderDecoderModel</c> do.
/// </summary>
/// <param name="Words">The word embedding, whose width the vectors have and after which they are named; one module.</param>
/// <param name="Length">P, at least 1.</param>
public sealed record PromptOptions(ModulePattern Words, long Length)
{
    /// <summary>
    /// The inner width of W₂ tanh(W₁ e + b₁) + b₂, through which each vector e goes, as in VL-Adapter (800 there); null for vectors that train themselves.
    /// </summary>
    public long? Reparametrization { get; init; }

    /// <summary>The backbone's own parameters that train beside the vectors.</summary>
    public ImmutableArray<ModulePattern> AlsoTrain { get; init; } = [];

    /// <summary>The plan.</summary>
    public PeftPlan ToPlan() => PeftPlan.OfUnits([new UnitSite(Words, new PromptKind(Length, Reparametrization))], AlsoTrain);
}
