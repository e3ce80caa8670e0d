using TorchSharp;
using VLPeft.Generation;
using VLPeft.Models;
using VLPeft.Peft;
using static TorchSharp.torch;

namespace VLPeft.VisionLanguage;

/// <summary>One decode of an encoder-decoder: the encoder has run, and beams of an example share what it made.</summary>
internal sealed class EncoderDecoderSession : IDecoderSession
{
    private readonly IEncoderDecoder _text;
    private readonly RoutingFeature _feature;
    private readonly Tensor _states; // (examples, S, d)
    private readonly EncoderMemory _memory;
    private readonly FixedRoutingFeature? _routing;
    private readonly KeyValueCache _cache;
    private long[] _exampleOf; // the example of each row

    /// <param name="text">The language model.</param>
    /// <param name="feature">Where the bottlenecks find x_R.</param>
    /// <param name="states">The encoder's output, (examples, S, d); copied.</param>
    /// <param name="mask">(examples, S), or null when nothing is padded; copied.</param>
    /// <param name="routing">x_R of the decoder, (examples, 1, d), or null.</param>
    /// <param name="maxLength">The largest number of target tokens, the start token included.</param>
    public EncoderDecoderSession(IEncoderDecoder text, RoutingFeature feature, Tensor states, Tensor? mask, Tensor? routing, int maxLength)
    {
        (_text, _feature) = (text, feature);
        _cache = text.NewCache(states.size(0), maxLength);
        _states = states.clone().DetachFromDisposeScope();
        Mask = mask?.clone().DetachFromDisposeScope();
        _memory = new EncoderMemory(_states, Mask);
        _routing = routing is null ? null : new FixedRoutingFeature(routing);
        _exampleOf = [.. Enumerable.Range(0, (int)states.size(0)).Select(row => (long)row)];
    }

    public int Rows => (int)_cache.Rows;

    private Tensor? Mask { get; }

    public Tensor Start()
    {
        if (_cache.Length > 0)
            throw new InvalidOperationException("this decode has started already.");
        return Feed(() => full([Rows], Scalars.Of(_text.StartId), ScalarType.Int64, _states.device));
    }

    public Tensor Next(Tensor tokens)
    {
        if (_cache.Length == 0)
            throw new InvalidOperationException("this decode has not started; call Start first.");
        Layers.Expect(tokens, "tokens", "(rows)", Rows);
        return Feed(() => tokens);
    }

    public void Reorder(Tensor parents)
    {
        _cache.Reorder(parents);
        _exampleOf = [.. parents.cpu().data<long>().Select(parent => _exampleOf[parent])];
        _memory.Place(_exampleOf);
        _routing?.Place(_exampleOf);
    }

    public void Dispose()
    {
        _memory.Dispose();
        _states.Dispose();
        Mask?.Dispose();
        _routing?.Dispose();
        _cache.Dispose();
    }

    private Tensor Feed(Func<Tensor> tokens)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using IDisposable? use = _routing is null ? null : _feature.Use(_routing);
        Tensor hidden = _text.Decode(tokens().unsqueeze(1), _memory, _cache); // (rows, 1, d)
        return scope.MoveToOuter(_text.Logits(hidden.select(1, -1))); // (rows, d) → (rows, vocabulary)
    }
}
