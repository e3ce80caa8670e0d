using VLPeft.Data;
using VLPeft.Pretraining;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Pretraining;

public sealed class MaskingTests
{
    private const int Mask = 4, Words = 1000;

    [Fact]
    public void Words_alone_are_chosen_in_the_share_asked_for_and_replaced_as_bert_does()
    {
        using var scope = NewDisposeScope();
        int[] Sequence(int row) => [0, .. Enumerable.Range(0, 50).Select(i => 5 + (row * 50 + i) % (Words - 5)), 2];
        int[][] sequences = [.. Enumerable.Range(0, 200).Select(Sequence)];

        using MaskedBatch batch = Apply(sequences, 0.2)!;

        long[] places = batch.Places.data<long>().ToArray(), answers = batch.Answers.data<long>().ToArray();
        long[] ids = batch.Texts.Ids.data<long>().ToArray();
        long[] original = [.. sequences.SelectMany(ids => ids.Select(id => (long)id))];
        Assert.Equal(answers, places.Select(place => original[place]));
        Assert.All(answers, answer => Assert.True(answer >= 5));
        Assert.InRange(answers.Length / 10_000.0, 0.18, 0.22);
        Assert.InRange(places.Count(place => ids[place] == Mask) / (double)places.Length, 0.76, 0.84);
        Assert.InRange(places.Count(place => ids[place] == original[place]) / (double)places.Length, 0.07, 0.13);
        Assert.All(places, place => Assert.InRange(ids[place], Mask, Words - 1));
        var chosen = places.ToHashSet();
        Assert.All(Enumerable.Range(0, ids.Length).Where(i => !chosen.Contains(i)), i => Assert.Equal(original[i], ids[i]));
    }

    [Fact]
    public void Every_text_with_a_word_has_one_to_guess()
    {
        using MaskedBatch batch = Apply([[0, 7, 2], [0, 8, 9, 2], [0, 2]], 1e-9)!;

        Assert.Equal([1, 1, 0], [.. Enumerable.Range(0, 3).Select(row => batch.Places.data<long>().Count(place => place / 4 == row))]);
    }

    [Fact]
    public void Without_words_there_is_no_batch() => Assert.Null(Apply([[0, 2], [0, 3, 2]], 0.5));

    private static MaskedBatch? Apply(int[][] sequences, double share) => new Masking(share, Mask, 5, Words)
        .Apply(sequences, [.. Enumerable.Range(0, sequences.Length)], padId: 1, new DeterministicRandom(3));
}
