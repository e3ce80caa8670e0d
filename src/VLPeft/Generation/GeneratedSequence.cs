using System.Collections.Immutable;

namespace VLPeft.Generation;

/// <summary>One sequence that a search found.</summary>
/// <param name="Tokens">What follows the start token or the prompt, without the end token.</param>
/// <param name="Score">
/// Beam search: the log-probability under the rules, the end token's included, divided by length ^ penalty; the length counts the start
/// token or prompt, and not the end token. Otherwise: the model's own log-probability of the tokens, the end token's included.
/// </param>
/// <param name="Ended">Whether the end token came; if not, the largest length cut it, or the rules left no token to go on with.</param>
public sealed record GeneratedSequence(ImmutableArray<long> Tokens, double Score, bool Ended);

/// <summary>A token as it is streamed.</summary>
/// <param name="Image">Number of the image in its batch.</param>
/// <param name="Sequence">Number of the sequence among those of the image.</param>
/// <param name="Token">Its id; the end token is not streamed.</param>
public readonly record struct GeneratedToken(int Image, int Sequence, long Token);
