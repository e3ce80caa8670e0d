using System.Runtime.InteropServices;
using TorchSharp;
using VLPeft.Data;
using VLPeft.Data.Batching;
using static TorchSharp.torch;

namespace VLPeft.Pretraining;

/// <summary>A batch of texts with some tokens hidden. N hidden tokens.</summary>
/// <param name="Texts">(B, T), hidden tokens replaced.</param>
/// <param name="Places">(N), int64: where they are in the flattened (B · T).</param>
/// <param name="Answers">(N), int64: what they were.</param>
internal sealed record MaskedBatch(PaddedBatch Texts, Tensor Places, Tensor Answers) : IDisposable
{
    public void Dispose()
    {
        Texts.Dispose();
        Places.Dispose();
        Answers.Dispose();
    }
}

/// <summary>
/// Chooses the tokens to guess as BERT does: of those chosen, 80 % become the mask, 10 % another word, 10 % stay. Special tokens are never
/// chosen, and of every text that has a word at least one is.
/// </summary>
/// <param name="Share">The share of words to choose.</param>
/// <param name="Mask">The mask's id.</param>
/// <param name="FirstWord">Ids below are special tokens.</param>
/// <param name="VocabularySize">Ids are below.</param>
internal sealed record Masking(double Share, int Mask, int FirstWord, int VocabularySize)
{
    /// <summary>Null when there is no word in any of the texts.</summary>
    public MaskedBatch? Apply(IReadOnlyList<int[]> sequences, ReadOnlySpan<int> indices, int padId, DeterministicRandom random)
    {
        PaddedBatch texts = PaddedBatch.Of(sequences, indices, padId);
        Span<long> ids = MemoryMarshal.Cast<byte, long>(texts.Ids.bytes);
        int length = (int)texts.Ids.shape[1];
        List<long> places = [], answers = [];
        for (int row = 0; row < indices.Length; row++)
        {
            foreach (int column in Choose(sequences[indices[row]], random))
            {
                ref long id = ref ids[row * length + column];
                places.Add(row * length + column);
                answers.Add(id);
                id = Replace(id, random);
            }
        }
        if (places.Count > 0)
            return new MaskedBatch(texts, tensor(places.ToArray()), tensor(answers.ToArray()));
        texts.Dispose();
        return null;
    }

    private List<int> Choose(int[] sequence, DeterministicRandom random)
    {
        List<int> words = [], chosen = [];
        for (int i = 0; i < sequence.Length; i++)
        {
            if (sequence[i] < FirstWord)
                continue;
            words.Add(i);
            if (random.NextBoolean(Share))
                chosen.Add(i);
        }
        if (chosen.Count == 0 && words.Count > 0)
            chosen.Add(words[random.NextInt32(words.Count)]);
        return chosen;
    }

    private long Replace(long id, DeterministicRandom random) => random.NextDouble() switch
    {
        < 0.8 => Mask,
        < 0.9 => random.NextInt32(FirstWord, VocabularySize),
        _ => id,
    };
}
