using VLPeft.Data;

namespace VLPeft.Pretraining;

/// <summary>
/// BART's noise (Lewis et al., ACL 2020): spans of words, their lengths drawn from a Poisson distribution, become one mask each, so that how
/// much is missing must be guessed, too. A span of length 0 is a mask between two words.
/// </summary>
/// <param name="Share">The share of words in spans, rounded up.</param>
/// <param name="SpanLength">The mean length of a span.</param>
/// <param name="Mask">The mask's id.</param>
/// <param name="FirstWord">Ids below are special tokens, which stay where they are.</param>
internal sealed record TextInfilling(double Share, double SpanLength, int Mask, int FirstWord)
{
    /// <summary>A text with spans missing; one without words comes back as it is.</summary>
    /// <param name="sequence">Special tokens, words, special tokens.</param>
    /// <param name="random">Draws lengths and places.</param>
    public int[] Apply(ReadOnlySpan<int> sequence, DeterministicRandom random)
    {
        int start = sequence.IndexOfAnyInRange(FirstWord, int.MaxValue), end = sequence.LastIndexOfAnyInRange(FirstWord, int.MaxValue) + 1;
        if (start < 0)
            return sequence.ToArray();
        ReadOnlySpan<int> words = sequence[start..end];
        List<int> spans = DrawLengths((int)Math.Ceiling(Share * words.Length), random);
        int kept = words.Length - spans.Sum();
        int[] places = [.. spans.Select(_ => random.NextInt32(kept + 1))]; // how many kept words stand before each
        Array.Sort(places);
        return [.. sequence[..start], .. Cut(words, spans, places), .. sequence[end..]];
    }

    // The last one is cut to what is left to hide.
    private List<int> DrawLengths(int hidden, DeterministicRandom random)
    {
        List<int> lengths = [];
        for (int left = hidden; left > 0; left -= lengths[^1])
            lengths.Add(Math.Min(left, Poisson(random)));
        return lengths;
    }

    private List<int> Cut(ReadOnlySpan<int> words, List<int> spans, int[] places)
    {
        List<int> result = [];
        int read = 0, kept = 0;
        for (int i = 0; i < places.Length; i++)
        {
            for (; kept < places[i]; kept++)
                result.Add(words[read++]);
            result.Add(Mask);
            read += spans[i];
        }
        return [.. result, .. words[read..]];
    }

    // Knuth's: as many factors in (0, 1] as keep their product above e^-λ.
    private int Poisson(DeterministicRandom random)
    {
        double limit = Math.Exp(-SpanLength), product = 1 - random.NextDouble();
        int count = 0;
        for (; product > limit; count++)
            product *= 1 - random.NextDouble();
        return count;
    }
}
