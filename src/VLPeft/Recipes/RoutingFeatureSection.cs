namespace VLPeft.Recipes;

/// <summary>Sources of x_R (method.md §2, §7).</summary>
public enum RoutingSource
{
    /// <summary>The pooled image feature, V = 1.</summary>
    Pooled,

    /// <summary>All tokens of the vision encoder.</summary>
    Patches,

    /// <summary>An ablation: all ones, V = 1.</summary>
    Ones,

    /// <summary>An ablation: Gaussian noise, V = 1, fixed for each picture.</summary>
    Noise,

    /// <summary>The text-only control: all zeros, V = 1, for the prefix too.</summary>
    Zeros,
}

/// <summary>How a feature of another width gets the hidden states' width (method.md §1).</summary>
public enum ProjectionKind
{
    /// <summary>Not at all: the widths must agree.</summary>
    None,

    /// <summary>A trained linear layer.</summary>
    Linear,

    /// <summary>Principal components of the training pictures' features, fixed.</summary>
    Pca,
}

/// <summary>x_R: which feature routes, and how it gets the hidden states' width.</summary>
public sealed record RoutingFeatureSection
{
    /// <summary>pooled, patches, or an ablation.</summary>
    public RoutingSource Source { get; init; } = RoutingSource.Pooled;

    /// <summary>none, linear or pca.</summary>
    public ProjectionKind Projection { get; init; } = ProjectionKind.None;

    /// <summary>For pca: components are divided by eigenvalue^(whitening / 2); 0 ≤ x ≤ 1.</summary>
    public double Whitening { get; init; } = 0.5;

    internal void Validate() => Check.That(Whitening is >= 0 and <= 1, "routing-feature.whitening", "0 ≤ x ≤ 1", Whitening);
}
