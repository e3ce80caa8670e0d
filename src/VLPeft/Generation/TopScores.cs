using System.Numerics;
using System.Runtime.InteropServices;

namespace VLPeft.Generation;

/// <summary>
/// The k highest of many scores, best first, the lower index first among equals. Minus infinity and NaN are never among them. One
/// vectorised pass: 40 rows of 50,257 scores are bound by memory, where torch.topk sorts.
/// </summary>
internal sealed class TopScores(int k)
{
    private readonly float[] _scores = new float[k];
    private readonly int[] _indices = new int[k];
    private float _threshold;

    /// <summary>How many were found: fewer than k when there are not so many finite ones.</summary>
    public int Count { get; private set; }

    /// <summary>The scores found, best first.</summary>
    public ReadOnlySpan<float> Scores => _scores.AsSpan(0, Count);

    /// <summary>Where they were.</summary>
    public ReadOnlySpan<int> Indices => _indices.AsSpan(0, Count);

    /// <summary>Looks through <paramref name="scores"/>; what was found before is forgotten.</summary>
    public void Find(ReadOnlySpan<float> scores)
    {
        (Count, _threshold) = (0, float.NegativeInfinity);
        ReadOnlySpan<Vector<float>> vectors = MemoryMarshal.Cast<float, Vector<float>>(scores);
        for (int at = 0; at < vectors.Length; at++)
            if (Vector.GreaterThanAny(vectors[at], new Vector<float>(_threshold)))
                Offer(scores, at * Vector<float>.Count, (at + 1) * Vector<float>.Count);
        Offer(scores, vectors.Length * Vector<float>.Count, scores.Length);
    }

    private void Offer(ReadOnlySpan<float> scores, int from, int to)
    {
        for (int index = from; index < to; index++)
            if (scores[index] > _threshold)
                Insert(scores[index], index);
    }

    private void Insert(float score, int index)
    {
        int at = Count < k ? Count++ : k - 1;
        for (; at > 0 && _scores[at - 1] < score; at--)
            (_scores[at], _indices[at]) = (_scores[at - 1], _indices[at - 1]);
        (_scores[at], _indices[at]) = (score, index);
        if (Count == k)
            _threshold = _scores[k - 1];
    }
}
