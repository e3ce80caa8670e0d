using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models.Beit;

/// <summary>
/// A learned attention bias per head and relative position of two patches (Bao et al., ICLR 2022, after Swin), with three more entries
/// for the class token: to patches, from patches, to itself. w patches along a side, V = 1 + w², h heads.
/// </summary>
internal sealed class BeitRelativePositionBias : Module
{
    // Computed, so it is no part of the state; old checkpoints hold it all the same, under this name.
    internal const string IndexName = "relative_position_index";

    private readonly Parameter relative_position_bias_table;
    private readonly long positions;

    public BeitRelativePositionBias(BeitConfig config) : base(nameof(BeitRelativePositionBias))
    {
        long span = 2 * config.Window - 1;
        relative_position_bias_table = Layers.Bare(zeros(span * span + 3, config.Heads));
        positions = config.Positions;
        RegisterComponents();
        register_buffer(IndexName, tensor(Index(config.Window)).DetachFromDisposeScope(), persistent: false);
    }

    // (V·V, h) → (V, V, h) → (h, V, V) → (1, h, V, V)
    public Tensor Bias()
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(relative_position_bias_table.index_select(0, get_buffer(IndexName)!)
            .view(positions, positions, -1).permute(2, 0, 1).contiguous().unsqueeze(0));
    }

    /// <summary>The table's row for each pair of positions, row-major over (V, V).</summary>
    internal static long[] Index(long window)
    {
        long span = 2 * window - 1, positions = 1 + window * window, table = span * span;
        long[] index = new long[positions * positions];
        for (long from = 0; from < positions; from++)
        {
            for (long to = 0; to < positions; to++)
            {
                (long row, long column) = Math.DivRem(from - 1, window);
                (long toRow, long toColumn) = Math.DivRem(to - 1, window);
                index[from * positions + to] = (from, to) switch
                {
                    (0, 0) => table + 2,
                    (0, _) => table,
                    (_, 0) => table + 1,
                    _ => (row - toRow + window - 1) * span + column - toColumn + window - 1,
                };
            }
        }
        return index;
    }
}
