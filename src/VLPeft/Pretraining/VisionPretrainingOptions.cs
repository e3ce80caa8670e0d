namespace VLPeft.Pretraining;

/// <summary>What a small vision encoder is pre-trained with.</summary>
public sealed record VisionPretrainingOptions() : ScenePretrainingOptions(steps: 2_000, batchSize: 64, learningRate: 4e-3)
{
    /// <summary>The model. Both are trained on the same labels of the same pictures.</summary>
    public VisionArchitecture Architecture { get; init; } = VisionArchitecture.Vit;

    private protected override int Fewest => 1;

    // The default is not spelled out: the report of a ViT is what it was before there was a choice.
    private protected override string CommandName =>
        Architecture == default ? VisionPretraining.Kind : $"{VisionPretraining.Kind} --architecture {SmallVisionEncoder.Of(Architecture).ModelType}";

    internal override void Validate()
    {
        PretrainingTrainer.Require(Enum.IsDefined(Architecture), nameof(Architecture), string.Join(" or ", Enum.GetNames<VisionArchitecture>()), Architecture);
        base.Validate();
    }

    internal override Dictionary<string, object?> Named()
    {
        Dictionary<string, object?> named = base.Named();
        if (Architecture != default)
            named["architecture"] = SmallVisionEncoder.Of(Architecture).ModelType;
        return named;
    }
}

/// <summary>Which vision encoder is pre-trained.</summary>
public enum VisionArchitecture
{
    /// <summary>Learned positions at the input; what is pooled is the class token.</summary>
    Vit,

    /// <summary>Positions as biases of the attention, scaled residual branches; what is pooled is the mean of the patches.</summary>
    Beit,
}
