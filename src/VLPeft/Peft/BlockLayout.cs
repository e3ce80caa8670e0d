using System.Collections.Immutable;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>Where the up projections of a fused site's blocks land in its output; a plain site is one block.</summary>
internal sealed class BlockLayout
{
    private readonly ImmutableArray<bool> _enabled;
    private readonly long _blockWidth;
    private readonly int _enabledCount;

    public BlockLayout(long outputWidth, long rank, OutputBlocks? blocks)
    {
        _enabled = blocks?.Enabled ?? [true];
        _enabledCount = _enabled.Count(enabled => enabled);
        if (_enabledCount == 0 || outputWidth % _enabled.Length != 0)
            throw new InvalidInputException($"an output {outputWidth} wide has no {_enabled.Length} equal blocks, or none of them is enabled.");
        _blockWidth = outputWidth / _enabled.Length;
        JointRank = rank * _enabledCount;
        EnabledWidth = _blockWidth * _enabledCount;
    }

    public bool IsPlain => _enabled.Length == 1;

    /// <summary>n·r.</summary>
    public long JointRank { get; }

    /// <summary>n·d_block: the rows of W_up.</summary>
    public long EnabledWidth { get; }

    /// <summary>(B, T, n·r) → (B, T, d_out), zero in the blocks without a bottleneck.</summary>
    public Tensor Project(Tensor x, Tensor weight, Tensor? bias)
    {
        if (IsPlain)
            return BottleneckEntry.Linear.Apply(x, weight, bias);
        Tensor[] slices = x.chunk(_enabledCount, -1);
        Tensor[] weights = weight.chunk(_enabledCount, 0);
        Tensor[]? biases = bias?.chunk(_enabledCount, 0);
        var parts = new Tensor[_enabled.Length];
        int next = 0;
        for (int block = 0; block < parts.Length; block++)
        {
            parts[block] = _enabled[block]
                ? BottleneckEntry.Linear.Apply(slices[next], weights[next], biases?[next])
                : zeros([.. x.shape[..^1], _blockWidth], x.dtype, x.device);
            next += _enabled[block] ? 1 : 0;
        }
        return cat(parts, -1);
    }
}
