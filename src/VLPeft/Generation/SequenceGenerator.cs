using static TorchSharp.torch;

namespace VLPeft.Generation;

/// <summary>Greedy decoding, beam search and sampling with any decoder, a batch of images at once.</summary>
public static class SequenceGenerator
{
    /// <summary>Decodes until every image is done.</summary>
    /// <param name="session">A fresh decode with one row an image; it is used up, and stays the caller's to dispose.</param>
    /// <param name="options">How to search.</param>
    /// <param name="prompts">
    /// For each image the tokens that the session's prompt ends with, all of one length, to be continued; null for the start token alone.
    /// Like the start token they count in lengths and rules, and are not part of the result.
    /// </param>
    /// <param name="onToken">
    /// Is given the tokens as they are chosen. Beam search knows a sequence only when its image is done, and gives all of it then.
    /// </param>
    /// <param name="cancellation">Looked at before every step.</param>
    /// <returns>For each image its sequences, best first; fewer than asked for when the rules leave no more.</returns>
    /// <exception cref="InvalidInputException">An option is out of its range, or prompts don't fit the session or the largest length.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellation"/> was asked for.</exception>
    public static IReadOnlyList<IReadOnlyList<GeneratedSequence>> Generate(
        IDecoderSession session,
        GenerationOptions options,
        IReadOnlyList<IReadOnlyList<long>>? prompts = null,
        Action<GeneratedToken>? onToken = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        if (session.Rows == 0)
            return [];
        long[][] starts = prompts is null
            ? [.. Enumerable.Range(0, session.Rows).Select(_ => new[] { options.StartId })]
            : [.. prompts.Select(prompt => prompt.ToArray())];
        CheckPrompts(starts, session.Rows, options.MaxLength);
        using var frozen = no_grad();
        return options.Beams > 1
            ? new BeamSearch(session, options, starts, onToken).Run(cancellation)
            : new StepwiseSearch(session, options, starts, onToken).Run(cancellation);
    }

    private static void CheckPrompts(long[][] prompts, int rows, int maxLength)
    {
        if (prompts.Length != rows)
            throw new InvalidInputException($"generation: prompts: expected one for each of {rows} images, got {prompts.Length}.");
        int length = prompts[0].Length;
        if (length == 0 || prompts.Any(prompt => prompt.Length != length))
            throw new InvalidInputException(
                $"generation: prompts: expected at least one token and all of one length, got {string.Join(", ", prompts.Select(one => one.Length))}.");
        if (length >= maxLength)
            throw new InvalidInputException($"generation: max-length: expected more than the prompts' {length} tokens, which it counts, got {maxLength}.");
    }
}
