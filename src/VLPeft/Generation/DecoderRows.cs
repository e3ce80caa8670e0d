using System.Runtime.InteropServices;
using VLPeft.Generation.Rules;
using static TorchSharp.torch;

namespace VLPeft.Generation;

/// <summary>A session as a search sees it: tokens and row numbers in, scores as spans out. R rows, N vocabulary.</summary>
/// <param name="session">The decoder.</param>
/// <param name="options">What decides about the rules.</param>
internal sealed class DecoderRows(IDecoderSession session, GenerationOptions options)
{
    private readonly TokenRules _rules = new(options);
    private Device? _device;

    /// <summary>Feeds the prompt. (R, N), the logits.</summary>
    /// <exception cref="InvalidInputException">The options or prompts name a token that the vocabulary does not have.</exception>
    public Tensor Start(IReadOnlyList<long[]> prompts)
    {
        Tensor logits = Checked(session.Start());
        options.ValidateIds(logits.shape[1], prompts.SelectMany(prompt => prompt));
        return logits;
    }

    /// <summary>Moves the rows to where <paramref name="placement"/> puts them and feeds a token in each.</summary>
    /// <param name="placement">Of all sequences that go on.</param>
    /// <param name="tokens">For each of these, its new token.</param>
    public Tensor Next(RowPlacement placement, IReadOnlyList<long> tokens)
    {
        if (!placement.IsIdentity(session.Rows))
            session.Reorder(tensor(placement.Parents, device: _device));
        long[] byRow = new long[tokens.Count];
        for (int i = 0; i < byRow.Length; i++)
            byRow[placement.Rows[i]] = tokens[i];
        return Checked(session.Next(tensor(byRow, device: _device)));
    }

    /// <summary>Applies the rules to one row's scores, in place.</summary>
    public void Rule(ReadOnlySpan<long> tokens, Span<float> scores) => _rules.Apply(tokens, scores);

    /// <summary>One row of (R, N), in place.</summary>
    public static Span<float> Row(Tensor scores, int row)
    {
        int vocabulary = (int)scores.shape[1];
        return MemoryMarshal.Cast<byte, float>(scores.bytes).Slice(row * vocabulary, vocabulary);
    }

    /// <summary>That a row has no token left is the rules' doing, unless its scores are no numbers.</summary>
    public static void RequireNumbers(ReadOnlySpan<float> scores)
    {
        foreach (float score in scores)
            if (float.IsNaN(score))
                throw new InvalidOperationException("the decoder's logits are not numbers (NaN): its weights or the image's features are broken.");
    }

    // A batch's logits come to the host in fp32: rules and the choice of tokens are bound by memory, not by arithmetic.
    private Tensor Checked(Tensor logits)
    {
        if (logits.dim() != 2 || logits.shape[0] != session.Rows)
            throw new InvalidOperationException(
                $"the decoder gave logits ({string.Join(", ", logits.shape)}) for {session.Rows} rows; expected (rows, vocabulary).");
        _device = logits.device;
        return logits.to(ScalarType.Float32).cpu().contiguous();
    }
}
