namespace VLPeft.Evaluation.Captions;

/// <summary>A caption as weighted n-grams.</summary>
/// <param name="Weights">Count times inverse document frequency.</param>
/// <param name="Norms">The Euclidean norm of the weights for n = 1 … 4.</param>
/// <param name="Length">The number of its bigrams.</param>
internal sealed record CiderVector(Dictionary<NGram, double> Weights, double[] Norms, int Length);

/// <summary>The inverse document frequencies.</summary>
/// <param name="images">How many pictures were counted.</param>
/// <param name="frequencies">In how many of them each n-gram stands.</param>
internal sealed class CiderWeights(double images, Dictionary<NGram, int> frequencies)
{
    private readonly double _logImages = Math.Log(images);

    /// <summary>In the references of how many pictures of a set each n-gram stands.</summary>
    public static Dictionary<NGram, int> Count(NumberedExample[] examples)
    {
        Dictionary<NGram, int> frequencies = [];
        HashSet<NGram> seen = [];
        foreach (NumberedExample example in examples)
        {
            seen.Clear();
            foreach (int[] reference in example.References)
                AddAll(seen, reference);
            foreach (NGram gram in seen)
                frequencies[gram] = frequencies.GetValueOrDefault(gram) + 1;
        }
        return frequencies;
    }

    public CiderVector Vector(int[] words)
    {
        Dictionary<NGram, int> counts = NGram.Count(words);
        var weights = new Dictionary<NGram, double>(counts.Count);
        var norms = new double[NGram.Longest];
        foreach ((NGram gram, int count) in counts)
        {
            double weight = count * (_logImages - Math.Log(Math.Max(1, frequencies.GetValueOrDefault(gram))));
            weights.Add(gram, weight);
            norms[gram.Length - 1] += weight * weight;
        }
        for (int n = 0; n < norms.Length; n++)
            norms[n] = Math.Sqrt(norms[n]);
        return new CiderVector(weights, norms, Math.Max(0, words.Length - 1));
    }

    private static void AddAll(HashSet<NGram> grams, ReadOnlySpan<int> words)
    {
        for (int i = 0; i < words.Length; i++)
        {
            for (int length = 1; length <= NGram.Longest && i + length <= words.Length; length++)
                grams.Add(NGram.Of(words.Slice(i, length)));
        }
    }
}
