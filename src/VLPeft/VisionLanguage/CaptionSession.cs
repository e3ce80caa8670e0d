using TorchSharp;
using VLPeft.Generation;
using VLPeft.Models;
using VLPeft.Models.Gpt2;
using VLPeft.Peft;
using static TorchSharp.torch;

namespace VLPeft.VisionLanguage;

/// <summary>One decode of a <see cref="CaptionModel"/>: the visual prefix, then token after token, over a key/value cache.</summary>
internal sealed class CaptionSession : IDecoderSession
{
    private readonly Gpt2Model _text;
    private readonly RoutingFeature _feature;
    private readonly Tensor _prefix; // (images, P, d)
    private readonly FixedRoutingFeature? _routing;
    private readonly KeyValueCache _cache;
    private long[] _imageOf; // the image of each row

    public CaptionSession(Gpt2Model text, RoutingFeature feature, Tensor prefix, Tensor? routing, int maxLength)
    {
        (_text, _feature) = (text, feature);
        _cache = text.NewCache(prefix.size(0), prefix.size(1) + maxLength);
        // A copy of its own: the features belong to the caller, who may free them.
        _prefix = prefix.clone().DetachFromDisposeScope();
        _routing = routing is null ? null : new FixedRoutingFeature(routing);
        _imageOf = [.. Enumerable.Range(0, (int)prefix.size(0)).Select(row => (long)row)];
    }

    public int Rows => (int)_cache.Rows;

    public Tensor Start()
    {
        if (_cache.Length > 0)
            throw new InvalidOperationException("this decode has started already.");
        return Feed(() => _prefix.index_select(0, tensor(_imageOf, device: _prefix.device)));
    }

    public Tensor Next(Tensor tokens)
    {
        if (_cache.Length == 0)
            throw new InvalidOperationException("this decode has not started; call Start first.");
        Layers.Expect(tokens, "tokens", "(rows)", Rows);
        return Feed(() => _text.WordEmbeddings(tokens.unsqueeze(1))); // (rows, 1, d)
    }

    public void Reorder(Tensor parents)
    {
        _cache.Reorder(parents);
        _imageOf = [.. parents.cpu().data<long>().Select(parent => _imageOf[parent])];
        _routing?.Place(_imageOf);
    }

    public void Dispose()
    {
        _prefix.Dispose();
        _routing?.Dispose();
        _cache.Dispose();
    }

    private Tensor Feed(Func<Tensor> embed)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        if (_routing is not null)
            _routing.TokensToCome = _cache.MaxLength - _cache.Length;
        using IDisposable? use = _routing is null ? null : _feature.Use(_routing);
        Tensor hidden = _text.Encode(embed(), mask: null, _cache);
        return scope.MoveToOuter(_text.Logits(hidden.select(1, -1))); // (rows, d) → (rows, vocabulary)
    }
}
