using System.Collections.Immutable;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>Where the up projections of a fused site's blocks land in its output; a plain site is one block.</summary>
internal sealed class BlockLayout
{
    private readonly ImmutableArray<bool> _enabled;
    private readonly int _enabledCount;

    public BlockLayout(long outputWidth, long rank, OutputBlocks? blocks)
    {
        _enabled = blocks?.Enabled ?? [true];
        _enabledCount = _enabled.Count(enabled => enabled);
        if (_enabledCount == 0 || outputWidth % _enabled.Length != 0)
            throw new InvalidInputException($"an output {outputWidth} wide has no {_enabled.Length} equal blocks, or none of them is enabled.");
        BlockWidth = outputWidth / _enabled.Length;
        JointRank = rank * _enabledCount;
        EnabledWidth = BlockWidth * _enabledCount;
    }

    public bool IsPlain => _enabled.Length == 1;

    /// <summary>d_block.</summary>
    public long BlockWidth { get; }

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
        return Arrange([.. slices.Select((slice, i) => BottleneckEntry.Linear.Apply(slice, weights[i], biases?[i]))], -1);
    }

    /// <summary>W_up (n·d_block, r) as one matrix from the joint rank to the whole output, (d_out, n·r).</summary>
    public Tensor Spread(Tensor up) => IsPlain ? up
        : Arrange([.. up.chunk(_enabledCount, 0).Select((part, i) => nn.functional.pad(part, [i * up.size(1), (_enabledCount - 1 - i) * up.size(1)]))], 0);

    /// <summary>Tensors of the enabled blocks, in their order, as the whole output: zero in the others.</summary>
    /// <param name="parts">n tensors, d_block long in the dimension.</param>
    /// <param name="dimension">That of the output.</param>
    public Tensor Arrange(IReadOnlyList<Tensor> parts, int dimension)
    {
        var all = new Tensor[_enabled.Length];
        int next = 0;
        for (int block = 0; block < all.Length; block++)
            all[block] = _enabled[block] ? parts[next++] : zeros_like(parts[0]);
        return cat(all, dimension);
    }
}
