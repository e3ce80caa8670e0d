using TorchSharp;
using VLPeft.Data;
using static TorchSharp.torch;

namespace VLPeft.Generation;

/// <summary>Greedy decoding and sampling over a batch: each sequence goes its own way, and leaves the batch when it ends.</summary>
internal sealed class StepwiseSearch(
    IDecoderSession session, GenerationOptions options, IReadOnlyList<long[]> prompts, Action<GeneratedToken>? onToken)
{
    private readonly DecoderRows _decoder = new(session, options);
    private readonly ITokenChoice _choice = options.Sampling is { } sampling ? new SampledToken(sampling) : new LikeliestToken();
    private readonly int _promptLength = prompts[0].Length;
    private float[] _ruled = [];

    public IReadOnlyList<IReadOnlyList<GeneratedSequence>> Run(CancellationToken cancellation)
    {
        Path[] all = [.. prompts.SelectMany((prompt, image) => Enumerable.Range(0, options.ReturnedSequences)
            .Select(number => new Path(image, number, prompt, options.Sampling?.Seed ?? 0)))];
        Path[] open = all;
        for (int length = _promptLength; length < options.MaxLength && open.Length > 0; length++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            Advance(open, length == _promptLength ? _decoder.Start(prompts) : Feed(open));
            open = [.. open.Where(path => path.IsOpen)];
        }
        return [.. all.GroupBy(path => path.Image).Select(image => image.Select(path => path.Result(_promptLength)).ToArray())];
    }

    private Tensor Feed(Path[] open)
    {
        RowPlacement placement = RowPlacement.Of([.. open.Select(path => path.Row)], session.Rows);
        for (int i = 0; i < open.Length; i++)
            open[i].Row = placement.Rows[i];
        return _decoder.Next(placement, [.. open.Select(path => path.Tokens[^1])]);
    }

    private void Advance(Path[] open, Tensor logits)
    {
        float[] normalisers = logits.logsumexp(-1).data<float>().ToArray();
        foreach (Path path in open)
        {
            Span<float> scores = DecoderRows.Row(logits, path.Row);
            int token = Choose(path, scores);
            if (token < 0)
            {
                path.IsOpen = false;
                continue;
            }
            path.Take(token, scores[token] - normalisers[path.Row], options.EndId);
            if (!path.Ended)
                onToken?.Invoke(new GeneratedToken(path.Image, path.Number, token));
        }
    }

    // The rules work on a copy: the first step's row serves several sequences, and the score is the model's own.
    private int Choose(Path path, ReadOnlySpan<float> scores)
    {
        if (_ruled.Length != scores.Length)
            _ruled = new float[scores.Length];
        scores.CopyTo(_ruled);
        _decoder.Rule(path.Tokens.ToArray(), _ruled);
        int token = _choice.Choose(_ruled, path.Random);
        if (token < 0)
            DecoderRows.RequireNumbers(scores);
        return token;
    }

    /// <summary>One sequence of one image.</summary>
    private sealed class Path(int image, int number, long[] prompt, ulong seed)
    {
        private double _score;

        public int Image { get; } = image;

        public int Number { get; } = number;

        public int Row { get; set; } = image; // until the first step has branched

        public List<long> Tokens { get; } = [.. prompt];

        public DeterministicRandom Random { get; } = DeterministicRandom.ForStream(seed, (ulong)image, (ulong)number);

        public bool IsOpen { get; set; } = true;

        public bool Ended { get; private set; }

        public void Take(int token, double score, long? end)
        {
            _score += score;
            if (token == end)
                (Ended, IsOpen) = (true, false);
            else
                Tokens.Add(token);
        }

        public GeneratedSequence Result(int promptLength) => new([.. Tokens.Skip(promptLength)], _score, Ended);
    }
}
