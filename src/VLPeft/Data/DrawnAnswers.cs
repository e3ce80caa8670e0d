namespace VLPeft.Data;

/// <summary>
/// What a generator is trained towards where annotators disagree: in every epoch one of a question's answers, drawn by its soft score, and that
/// score as the weight of its loss (VL-T5; method.md §6). A draw follows from seed, epoch and question alone, so that a resumed run repeats it.
/// </summary>
public sealed class DrawnAnswers
{
    private readonly (string Answer, double Score)[][] _answers;
    private readonly ulong _seed;

    /// <param name="examples">The questions; answers are compared as written.</param>
    /// <param name="seed">Decides the draws.</param>
    /// <exception cref="InvalidInputException">A question has no answers.</exception>
    public DrawnAnswers(IReadOnlyList<VqaExample> examples, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(examples);
        _seed = seed;
        _answers = new (string, double)[examples.Count][];
        for (int row = 0; row < _answers.Length; row++)
        {
            _answers[row] = [.. SoftTargets.Of(examples[row].Answers)];
            if (_answers[row].Length == 0)
                throw new InvalidInputException($"question_id {examples[row].QuestionId}: expected answers to learn from, found none.");
        }
    }

    /// <summary>An epoch's answer to a question, and its score, above 0 and at most 1.</summary>
    /// <param name="row">The question's place.</param>
    /// <param name="epoch">From 0.</param>
    public (string Answer, double Weight) Draw(int row, int epoch)
    {
        (string Answer, double Score)[] answers = _answers[row];
        if (answers.Length == 1)
            return answers[0];
        double left = DeterministicRandom.ForStream(_seed, (ulong)epoch, (ulong)row).NextDouble() * answers.Sum(answer => answer.Score);
        int drawn = 0;
        while (drawn < answers.Length - 1 && left >= answers[drawn].Score)
            left -= answers[drawn++].Score;
        return answers[drawn];
    }

    /// <summary>The answer with the highest score, the one given first among equals: what a loss in validation is measured against.</summary>
    public (string Answer, double Weight) Best(int row) => _answers[row].MaxBy(answer => answer.Score);
}
