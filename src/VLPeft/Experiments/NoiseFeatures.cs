using VLPeft.Data;
using VLPeft.Data.Features;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>Standard normal noise in place of features, fixed for each picture by its id: an ablation (method.md §7).</summary>
internal sealed class NoiseFeatures(long width) : IFeatureStore
{
    private readonly List<long> _ids = [];
    private readonly Dictionary<long, int> _rows = [];

    public long Tokens => 1;

    public long Width => width;

    public int RowOf(long imageId)
    {
        if (_rows.TryGetValue(imageId, out int row))
            return row;
        _ids.Add(imageId);
        return _rows[imageId] = _ids.Count - 1;
    }

    public Tensor Gather(ReadOnlySpan<int> rows)
    {
        float[] values = new float[rows.Length * width];
        for (int row = 0; row < rows.Length; row++)
        {
            DeterministicRandom random = DeterministicRandom.ForStream(0x6E6F697365, (ulong)_ids[rows[row]]);
            for (int column = 0; column < width; column++)
                values[row * width + column] = (float)random.NextGaussian();
        }
        return tensor(values, rows.Length, 1, width);
    }
}
