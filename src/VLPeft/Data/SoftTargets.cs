namespace VLPeft.Data;

/// <summary>
/// What a classifier is trained towards: for each question the vocabulary's answers that annotators gave, each with the score that the
/// official accuracy would give it, min(1, 0.3 · count). Kept sparse, 8 bytes an answer.
/// </summary>
/// <remarks>
/// As in the preprocessing of bottom-up-attention VQA answers are compared as written, not normalised, and those outside the vocabulary
/// are dropped; a question may be left with none, which trains every output towards 0. <see cref="Coverage"/> says how many.
/// </remarks>
public sealed class SoftTargets
{
    private static readonly double[] Scores = [0, 0.3, 0.6, 0.9];

    private readonly int[] _starts;
    private readonly int[] _indices;
    private readonly float[] _scores;

    /// <summary>The targets of these questions, in their order.</summary>
    public SoftTargets(IReadOnlyList<VqaExample> examples, AnswerVocabulary vocabulary)
    {
        Classes = vocabulary.Count;
        _starts = new int[examples.Count + 1];
        var indices = new List<int>(examples.Count * 4);
        var scores = new List<float>(examples.Count * 4);
        List<long> without = [];
        long answers = 0, kept = 0;
        double best = 0;
        for (int row = 0; row < examples.Count; row++)
        {
            IReadOnlyList<string> given = examples[row].Answers;
            int found = Append(given, vocabulary, indices, scores);
            _starts[row + 1] = indices.Count;
            answers += given.Count;
            kept += found;
            best += Highest(scores, _starts[row]);
            if (found == 0)
                without.Add(examples[row].QuestionId);
        }
        _indices = [.. indices];
        _scores = [.. scores];
        Coverage = new AnswerCoverage(examples.Count, without, answers, kept, examples.Count == 0 ? 0 : best / examples.Count);
    }

    /// <summary>How many questions there are.</summary>
    public int Count => _starts.Length - 1;

    /// <summary>How many answers the vocabulary has, the width of a dense row.</summary>
    public int Classes { get; }

    /// <summary>How much of the annotators' answers the vocabulary holds.</summary>
    public AnswerCoverage Coverage { get; }

    /// <summary>The vocabulary indices of a question's answers, in the order they were first given.</summary>
    public ReadOnlySpan<int> Indices(int row) => _indices.AsSpan(_starts[row].._starts[row + 1]);

    /// <summary>Their scores, each above 0 and at most 1.</summary>
    public ReadOnlySpan<float> ScoresOf(int row) => _scores.AsSpan(_starts[row].._starts[row + 1]);

    /// <summary>Writes a question's dense row: zeros, and the scores at their indices.</summary>
    /// <param name="row">The question.</param>
    /// <param name="target"><see cref="Classes"/> values, all overwritten.</param>
    public void Fill(int row, Span<float> target)
    {
        if (target.Length != Classes)
            throw new ArgumentException($"expected room for {Classes} answers, got {target.Length}", nameof(target));
        target.Clear();
        ReadOnlySpan<float> scores = ScoresOf(row);
        ReadOnlySpan<int> indices = Indices(row);
        for (int i = 0; i < indices.Length; i++)
            target[indices[i]] = scores[i];
    }

    /// <summary>
    /// The score of an answer that <paramref name="count"/> annotators gave: 0, 0.3, 0.6, 0.9, then 1. Literals, since 3 · 0.3 is not 0.9
    /// in floating point.
    /// </summary>
    public static double Score(int count) => count < Scores.Length ? Scores[count] : 1;

    /// <summary>All answers of one question with their scores, without a vocabulary, in the order they were first given.</summary>
    public static IReadOnlyList<(string Answer, double Score)> Of(IEnumerable<string> answers) =>
        [.. answers.GroupBy(answer => answer, StringComparer.Ordinal).Select(group => (group.Key, Score(group.Count())))];

    private static float Highest(List<float> scores, int start)
    {
        float highest = 0;
        for (int i = start; i < scores.Count; i++)
            highest = Math.Max(highest, scores[i]);
        return highest;
    }

    /// <summary>Counts a question's answers by index and appends them; returns how many of the annotators' answers it found.</summary>
    private static int Append(IReadOnlyList<string> answers, AnswerVocabulary vocabulary, List<int> indices, List<float> scores)
    {
        // A question has about ten answers, so a search from here on beats a dictionary.
        int start = indices.Count;
        int found = 0;
        for (int i = 0; i < answers.Count; i++)
        {
            int index = vocabulary.IndexOf(answers[i]);
            if (index < 0)
                continue;
            found++;
            int at = indices.IndexOf(index, start);
            if (at < 0)
            {
                indices.Add(index);
                scores.Add(1);
            }
            else
            {
                scores[at]++;
            }
        }
        for (int i = start; i < scores.Count; i++)
            scores[i] = (float)Score((int)scores[i]);
        return found;
    }
}

/// <summary>How much of the annotators' answers a vocabulary holds.</summary>
/// <param name="Examples">How many questions.</param>
/// <param name="Without">The ids of the questions none of whose answers is in the vocabulary.</param>
/// <param name="Answers">How many answers the annotators gave.</param>
/// <param name="AnswersKept">How many of them are in the vocabulary.</param>
/// <param name="Ceiling">
/// The mean over the questions of the best score the vocabulary allows, 0 … 1: no classifier over it scores higher.
/// </param>
public sealed record AnswerCoverage(int Examples, IReadOnlyList<long> Without, long Answers, long AnswersKept, double Ceiling)
{
    /// <summary>One line for a log.</summary>
    public override string ToString() =>
        $"{AnswersKept:N0} of {Answers:N0} answers are in the vocabulary; {Without.Count:N0} of {Examples:N0} questions have none there; " +
        $"the best possible accuracy is {100 * Ceiling:F2}";
}
