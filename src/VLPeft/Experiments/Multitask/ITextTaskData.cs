using VLPeft.Recipes;

namespace VLPeft.Experiments;

/// <summary>One task's data as text (method.md §6): what is asked of which pictures, what is to be said, and how what is said is scored.</summary>
internal interface ITextTaskData
{
    /// <summary>The task.</summary>
    TextTask Task { get; }

    /// <summary>Whether the data set has the split.</summary>
    bool Has(Split split);

    /// <summary>A split's pictures.</summary>
    SplitImages Pictures(Split split);

    /// <summary>A split with what is to be said, one row a target.</summary>
    /// <exception cref="InvalidInputException">There is no such split, or nothing to learn from in it.</exception>
    TextRows Rows(Split split);

    /// <summary>A split as it is asked, one row an answer.</summary>
    /// <exception cref="InvalidInputException">There is no such split.</exception>
    TextRows Requests(Split split);

    /// <summary>Scores what a model says to the first of a split's requests; null where the split does not tell the answers.</summary>
    /// <param name="split">The split.</param>
    /// <param name="said">One text a request.</param>
    /// <param name="thorough">All measures, rather than the one that a validation needs.</param>
    TaskScore? Score(Split split, IReadOnlyList<string> said, bool thorough);

    /// <summary>Keeps what a model says to a split's requests, in the form that the task's own evaluation reads.</summary>
    void Write(string path, Split split, IReadOnlyList<string> said);
}

/// <summary>Texts with their pictures.</summary>
/// <param name="Texts">Prompt and text of each row.</param>
/// <param name="Images">The pictures of all rows, one row's behind the other's.</param>
/// <param name="Target">What a row is to say in a pass over the data, and the weight of its loss; null for requests.</param>
internal sealed record TextRows(IReadOnlyList<string> Texts, IReadOnlyList<long> Images, Func<int, int, (string Text, double Weight)>? Target = null)
{
    /// <summary>Pictures a row.</summary>
    public int ImagesPerRow { get; } = Texts.Count == 0 ? 1 : Images.Count / Texts.Count;
}

/// <summary>A task's scores.</summary>
/// <param name="Score">The one that stands for the task, in percent (CIDEr × 100), as published comparisons have it.</param>
/// <param name="Metrics">All of them, as the task's own evaluation gives them.</param>
public sealed record TaskScore(double Score, IReadOnlyDictionary<string, double?> Metrics);
