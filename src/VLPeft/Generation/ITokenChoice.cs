using VLPeft.Data;

namespace VLPeft.Generation;

/// <summary>How the next token is chosen when each sequence goes its own way.</summary>
internal interface ITokenChoice
{
    /// <param name="scores">Logits under the rules; minus infinity for what can't come.</param>
    /// <param name="random">The sequence's own stream.</param>
    /// <returns>The token, or −1 when none is left.</returns>
    int Choose(ReadOnlySpan<float> scores, DeterministicRandom random);
}

/// <summary>The likeliest token.</summary>
internal sealed class LikeliestToken : ITokenChoice
{
    private readonly TopScores _best = new(1);

    public int Choose(ReadOnlySpan<float> scores, DeterministicRandom random)
    {
        _best.Find(scores);
        return _best.Count == 0 ? -1 : _best.Indices[0];
    }
}
