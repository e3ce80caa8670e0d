using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Models;

/// <summary>
/// What an encoder made of its examples, and, outside training, the keys and values that the cross-attentions make of it, computed once an example and
/// shared by its beams. E examples, R rows (beams), S encoder positions, d width. Not for several threads at once.
/// </summary>
public sealed class EncoderMemory : IDisposable
{
    private readonly Tensor _states; // (E, S, d)
    private readonly Tensor? _mask; // (E, S)
    private readonly Dictionary<int, (Tensor Keys, Tensor Values)> _examples = [];
    private readonly Dictionary<int, (Tensor Keys, Tensor Values)> _rows = [];
    private Tensor? _bias; // (R, 1, 1, S)
    private long[]? _exampleOf; // null: one row an example

    /// <summary>Starts with one row an example.</summary>
    /// <param name="states">The encoder's output, (E, S, d); it stays the caller's, and must live as long as this.</param>
    /// <param name="mask">(E, S), 1 for what is read and 0 for padding; null when nothing is padded.</param>
    /// <exception cref="ArgumentException">A shape is wrong.</exception>
    public EncoderMemory(Tensor states, Tensor? mask)
    {
        ArgumentNullException.ThrowIfNull(states);
        Layers.Expect(states, "encoder states", "(E, S, d)", -1, -1, -1);
        if (mask is not null)
            Layers.Expect(mask, "the encoder's mask", "(E, S)", states.shape[0], states.shape[1]);
        (_states, _mask) = (states, mask);
    }

    /// <summary>R.</summary>
    public long Rows => _exampleOf?.Length ?? _states.shape[0];

    /// <summary>d.</summary>
    public long Width => _states.shape[2];

    /// <summary>The type of the states.</summary>
    public ScalarType Type => _states.dtype;

    /// <summary>Says which example each row belongs to.</summary>
    /// <param name="exampleOf">For each of the R rows, a number from 0 to E − 1.</param>
    /// <exception cref="ArgumentException">A number names no example.</exception>
    public void Place(IReadOnlyList<long> exampleOf)
    {
        ArgumentNullException.ThrowIfNull(exampleOf);
        if (exampleOf.Any(example => example < 0 || example >= _states.shape[0]))
            throw new ArgumentException($"rows must name examples 0 … {_states.shape[0] - 1}, but name {string.Join(", ", exampleOf)}.");
        if (_exampleOf is not null && exampleOf.SequenceEqual(_exampleOf))
            return;
        _exampleOf = [.. exampleOf];
        Free(_rows);
        _bias?.Dispose();
        _bias = null;
    }

    /// <summary>The rows' padding as a bias (R, 1, 1, S) or, when all rows have one, null.</summary>
    internal Tensor? Bias()
    {
        if (_mask is null)
            return null;
        if (_bias is null)
        {
            using var scope = NewDisposeScope();
            _bias = Attention.PaddingBias(OfRows(_mask), _states.dtype).DetachFromDisposeScope();
        }
        return _bias;
    }

    /// <summary>A layer's keys and values of the rows, each (R, S, d).</summary>
    /// <param name="layer">The decoder layer.</param>
    /// <param name="project">Makes them of the encoder's states, (E, S, d).</param>
    internal (Tensor Keys, Tensor Values) Of(int layer, Func<Tensor, (Tensor Keys, Tensor Values)> project)
    {
        if (is_grad_enabled())
            return _exampleOf is null ? project(_states) : project(OfRows(_states));
        if (_rows.TryGetValue(layer, out var known))
            return known;
        if (!_examples.TryGetValue(layer, out var examples))
        {
            (Tensor keys, Tensor values) = project(_states);
            _examples[layer] = examples = (keys.DetachFromDisposeScope(), values.DetachFromDisposeScope());
        }
        return _exampleOf is null ? examples : _rows[layer] = (OfRows(examples.Keys).DetachFromDisposeScope(), OfRows(examples.Values).DetachFromDisposeScope());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free(_examples);
        Free(_rows);
        _bias?.Dispose();
        _bias = null;
    }

    private Tensor OfRows(Tensor examples)
    {
        if (_exampleOf is null)
            return examples;
        using Tensor numbers = tensor(_exampleOf, device: examples.device);
        return examples.index_select(0, numbers);
    }

    private static void Free(Dictionary<int, (Tensor Keys, Tensor Values)> tensors)
    {
        foreach ((Tensor keys, Tensor values) in tensors.Values)
        {
            keys.Dispose();
            values.Dispose();
        }
        tensors.Clear();
    }
}
