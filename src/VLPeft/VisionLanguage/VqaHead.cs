using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VLPeft.VisionLanguage;

/// <summary>
/// The classifier of method.md §4: Linear(d → hidden), LayerNorm, GELU, Linear(hidden → answers). Its state dict has the reference's
/// names: 0, 1 and 3 of a sequence.
/// </summary>
public sealed class VqaHead : nn.Module<Tensor, Tensor>
{
    private readonly Linear _inner, _outer;
    private readonly LayerNorm _norm;
    private readonly double _dropout;

    /// <summary>A fresh head.</summary>
    /// <param name="width">d.</param>
    /// <param name="hidden">The inner width; 2 d in the paper.</param>
    /// <param name="answers">How many answers there are.</param>
    /// <param name="dropout">Probability before the last layer while training.</param>
    public VqaHead(long width, long hidden, long answers, double dropout = 0) : base(nameof(VqaHead))
    {
        _inner = nn.Linear(width, hidden);
        _norm = nn.LayerNorm(hidden);
        _outer = nn.Linear(hidden, answers);
        _dropout = dropout;
        register_module("0", _inner);
        register_module("1", _norm);
        register_module("3", _outer);
    }

    /// <summary>(B, d) → logits (B, answers).</summary>
    public override Tensor forward(Tensor hidden)
    {
        Tensor x = nn.functional.gelu(_norm.call(_inner.call(hidden)));
        return _outer.call(_dropout > 0 && training ? nn.functional.dropout(x, _dropout, true) : x);
    }
}
