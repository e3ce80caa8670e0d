using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Generation;

/// <summary>Beam search over a batch: the beams of all images go through the decoder together; images that are done leave it.</summary>
internal sealed class BeamSearch(IDecoderSession session, GenerationOptions options, IReadOnlyList<long[]> prompts, Action<GeneratedToken>? onToken)
{
    private readonly DecoderRows _decoder = new(session, options);
    private readonly BeamImage[] _images = [.. prompts.Select((prompt, row) => new BeamImage(row, prompt, options))];
    private readonly int _promptLength = prompts[0].Length;
    private readonly List<TopScores> _best = [];

    public IReadOnlyList<IReadOnlyList<GeneratedSequence>> Run(CancellationToken cancellation)
    {
        for (int length = _promptLength; length < options.MaxLength && Open.Any(); length++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            Advance(length == _promptLength ? _decoder.Start(prompts) : Feed());
        }
        foreach (BeamImage image in Open)
        {
            image.Close();
            Stream(image);
        }
        return [.. _images.Select(image => image.Results(_promptLength).ToArray())];
    }

    private IEnumerable<BeamImage> Open => _images.Where(image => image.Beams.Count > 0);

    // Every beam goes on with the token that it got last.
    private Tensor Feed()
    {
        // In the order of the rows, so that the beams of an image stay among its own.
        BeamImage[] open = [.. Open.OrderBy(image => image.Beams.Min(beam => beam.Row))];
        Beam[] beams = [.. open.SelectMany(image => image.Beams)];
        RowPlacement placement = RowPlacement.Of([.. beams.Select(beam => beam.Row)], session.Rows);
        int next = 0;
        foreach (BeamImage image in open)
            image.Place([.. image.Beams.Select(_ => placement.Rows[next++])]);
        return _decoder.Next(placement, [.. beams.Select(beam => beam.Tokens[^1])]);
    }

    private void Advance(Tensor logits)
    {
        Rank(logits.log_softmax(-1));
        foreach (BeamImage image in Open)
        {
            image.Advance([.. image.Beams.Select(beam => _best[beam.Row])]);
            if (image.Beams.Count == 0)
                Stream(image);
        }
    }

    // The best tokens of each row; in the first step all beams of an image share one.
    private void Rank(Tensor scores)
    {
        while (_best.Count < scores.shape[0])
            _best.Add(new TopScores(2 * options.Beams));
        foreach (Beam beam in Open.SelectMany(image => image.Beams).DistinctBy(beam => beam.Row))
        {
            Span<float> row = DecoderRows.Row(scores, beam.Row);
            _decoder.Rule(beam.Tokens, row);
            _best[beam.Row].Find(row);
            if (_best[beam.Row].Count == 0)
                DecoderRows.RequireNumbers(row);
        }
    }

    private void Stream(BeamImage image)
    {
        if (onToken is null)
            return;
        int number = Array.IndexOf(_images, image), sequence = 0;
        foreach (GeneratedSequence found in image.Results(_promptLength))
        {
            foreach (long token in found.Tokens)
                onToken(new GeneratedToken(number, sequence, token));
            sequence++;
        }
    }
}
