namespace VLPeft.Peft;

/// <summary>The kinds of bottleneck by name.</summary>
public static class KnownBottlenecks
{
    /// <summary>The paper's: one down projection for text and image.</summary>
    public static IBottleneckKind SharedDown { get; } = new SharedDown();

    /// <summary>All kinds, the paper's first.</summary>
    public static IReadOnlyList<IBottleneckKind> All { get; } =
        [SharedDown, new AfterUp(), new Split(), new SplitMerge(), new SplitMergeResidual(), new CrossAttention()];

    /// <summary>The kind with that name.</summary>
    /// <exception cref="InvalidInputException">No kind has it; the message lists those there are.</exception>
    public static IBottleneckKind Get(string name) =>
        All.FirstOrDefault(kind => kind.Name == name)
        ?? throw new InvalidInputException($"'{name}' is no kind of bottleneck; known are {string.Join(", ", All.Select(kind => kind.Name))}.");
}
