using VLPeft.Data;

namespace VLPeft.Experiments;

/// <summary>The parts of a data set.</summary>
public enum Split
{
    /// <summary>What weights are fitted to.</summary>
    Train,

    /// <summary>What chooses checkpoints and hyper-parameters.</summary>
    Validation,

    /// <summary>What is reported, once.</summary>
    Test,
}

/// <summary>Questions of one split and where their pictures are.</summary>
/// <param name="Name">Which split.</param>
/// <param name="Examples">The questions.</param>
/// <param name="Images">Finds picture files; null when the recipe names none (features made elsewhere, or text only).</param>
public sealed record VqaSplit(Split Name, IReadOnlyList<VqaExample> Examples, IImageSource? Images)
{
    /// <summary>The pictures' ids, each once, in the questions' order.</summary>
    public IReadOnlyList<long> ImageIds { get; } = [.. Examples.Select(example => example.ImageId).Distinct()];

    internal SplitImages Pictures => new(Name, ImageIds, Images);
}
