using VLPeft.Data;
using VLPeft.Data.Batching;
using VLPeft.Preprocessing;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>A split's questions as tokens, targets and pictures: makes batches of them.</summary>
internal sealed class VqaQuestions
{
    private readonly int[][] _tokens;
    private readonly int _padId;
    private readonly SoftTargets? _targets;
    private readonly RowImages _images;

    public VqaQuestions(VqaSplit split, ITextTokenizer tokenizer, int maxLength, AnswerVocabulary answers, RowImages images)
    {
        Split = split;
        _tokens = [.. split.Examples.Select(example => tokenizer.Encode(example.Question, maxLength))];
        _padId = tokenizer.PadId;
        _targets = split.Examples.Any(example => example.Answers.Count > 0) ? new SoftTargets(split.Examples, answers) : null;
        _images = images;
        Lengths = [.. _tokens.Select(tokens => tokens.Length)];
    }

    public VqaSplit Split { get; }

    public int[] Lengths { get; }

    public AnswerCoverage? Coverage => _targets?.Coverage;

    /// <summary>The batch of these questions, in this order.</summary>
    public VqaBatch Batch(ReadOnlyMemory<int> questions) => Batch(questions, questions);

    /// <summary>The batch of these questions, each with the picture of another.</summary>
    public VqaBatch Batch(ReadOnlyMemory<int> questions, ReadOnlyMemory<int> pictures)
    {
        ReadOnlySpan<int> rows = questions.Span;
        PaddedBatch text = PaddedBatch.Of(_tokens, rows, _padId);
        if (!text.HasPadding)
            text.Mask.Dispose(); // not handed on, so nobody else would
        return new VqaBatch(rows.ToArray(), text.Ids, text.HasPadding ? text.Mask : null, Targets(rows), _images.Gather(pictures.Span));
    }

    private Tensor? Targets(ReadOnlySpan<int> rows)
    {
        if (_targets is null)
            return null;
        float[] dense = new float[rows.Length * _targets.Classes];
        for (int i = 0; i < rows.Length; i++)
            _targets.Fill(rows[i], dense.AsSpan(i * _targets.Classes, _targets.Classes));
        return tensor(dense, rows.Length, _targets.Classes);
    }
}
