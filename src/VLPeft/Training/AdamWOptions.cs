namespace VLPeft.Training;

/// <summary>The two AdamW updates in use; they differ in where epsilon stands (method.md §8.6).</summary>
public enum AdamWForm
{
    /// <summary>
    /// <c>torch.optim.AdamW</c>: θ ← θ(1 − lr·λ) − lr/(1−β₁ᵗ) · m / (√v/√(1−β₂ᵗ) + ε).
    /// </summary>
    Torch,

    /// <summary>
    /// transformers before v5, which the paper's code uses: θ ← (θ − lr·√(1−β₂ᵗ)/(1−β₁ᵗ) · m / (√v + ε)) · (1 − lr·λ). Epsilon is added
    /// before the bias correction, so early steps with small gradients are smaller than torch's.
    /// </summary>
    Transformers,
}

/// <summary>Settings of <see cref="FusedAdamW"/>. The defaults are the paper's: ε = 1e-6, no weight decay.</summary>
public sealed record AdamWOptions
{
    /// <summary>Which update.</summary>
    public AdamWForm Form { get; init; } = AdamWForm.Torch;

    /// <summary>β₁, decay rate of the gradient's running mean, in [0, 1).</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>β₂, decay rate of the squared gradient's running mean, in [0, 1).</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>ε, added to the denominator; above 0.</summary>
    public double Epsilon { get; init; } = 1e-6;

    /// <summary>λ, decoupled weight decay per unit of learning rate; 0 or more. A <see cref="ParameterRule"/> may override it.</summary>
    public double WeightDecay { get; init; }

    internal void Validate()
    {
        if (!Enum.IsDefined(Form))
            throw new InvalidInputException($"The optimizer form {Form} is unknown.");
        if (Beta1 is not (>= 0 and < 1) || Beta2 is not (>= 0 and < 1))
            throw new InvalidInputException($"The optimizer's betas must be in [0, 1), but are {Beta1} and {Beta2}.");
        if (Epsilon is not (> 0 and < double.PositiveInfinity))
            throw new InvalidInputException($"The optimizer's epsilon must be above 0, but is {Epsilon}.");
        if (WeightDecay is not (>= 0 and < double.PositiveInfinity))
            throw new InvalidInputException($"The weight decay must be 0 or more, but is {WeightDecay}.");
    }
}

/// <summary>
/// Gives the parameters whose name matches a pattern a learning rate or a weight decay of their own. The first rule that matches wins;
/// a rule that is left without a parameter is an error.
/// </summary>
/// <param name="Pattern">A regular expression, found anywhere in the parameter's name.</param>
/// <param name="LearningRateScale">Factor on the learning rate; 0 or more.</param>
/// <param name="WeightDecay">Weight decay instead of <see cref="AdamWOptions.WeightDecay"/>; null keeps that.</param>
public sealed record ParameterRule(string Pattern, double LearningRateScale = 1, double? WeightDecay = null);
