using VLPeft.Data;
using VLPeft.Generation;
using static TorchSharp.torch;

namespace VLPeft.Tests.Generation;

/// <summary>
/// A decoder whose logits are random numbers fixed by a row's image and whole history, so that a row moved to a wrong place gives a wrong
/// result. Keeps how many rows each step had.
/// </summary>
internal sealed class HistorySession(int vocabulary, IReadOnlyList<ulong> images) : IDecoderSession
{
    private const double Spread = 2;

    private List<List<long>> _rows = [.. images.Select(image => new List<long> { (long)image })];

    public int Rows => _rows.Count;

    public List<int> RowsOfSteps { get; } = [];

    public List<long[]> Moves { get; } = [];

    public Action<int>? Stepped { get; init; }

    public static float[] Logits(int vocabulary, IEnumerable<long> history)
    {
        DeterministicRandom random = DeterministicRandom.ForStream(7, [.. history.Select(one => (ulong)one)]);
        return [.. Enumerable.Range(0, vocabulary).Select(_ => (float)(Spread * random.NextGaussian()))];
    }

    public Tensor Start() => Step();

    public Tensor Next(Tensor tokens)
    {
        foreach ((List<long> row, long token) in _rows.Zip(tokens.data<long>().ToArray()))
            row.Add(token);
        return Step();
    }

    public void Reorder(Tensor parents)
    {
        Moves.Add(parents.data<long>().ToArray());
        _rows = [.. Moves[^1].Select(parent => new List<long>(_rows[(int)parent]))];
    }

    public void Dispose() { }

    private Tensor Step()
    {
        RowsOfSteps.Add(Rows);
        Stepped?.Invoke(RowsOfSteps.Count);
        return tensor([.. _rows.SelectMany(row => Logits(vocabulary, row))]).view(Rows, vocabulary);
    }
}
