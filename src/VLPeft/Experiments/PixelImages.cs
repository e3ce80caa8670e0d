using VLPeft.Data;
using VLPeft.Preprocessing;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>
/// Pixels for an encoder that trains: each picture of a batch once, decoded ahead by several threads; small data sets stay in memory as
/// decoded bytes.
/// </summary>
internal sealed class PixelImages
{
    private const long MemoryLimit = 512L << 20;
    private readonly IReadOnlyList<long> _imageIds;
    private readonly IImageSource _source;
    private readonly ImageProcessor _processor;
    private readonly System.Collections.Concurrent.ConcurrentDictionary<long, RgbImage> _decoded = new();
    private long _bytes;

    /// <param name="imageIds">The picture of each question.</param>
    /// <param name="source">Finds their files.</param>
    /// <param name="processor">Makes their pixels.</param>
    public PixelImages(IReadOnlyList<long> imageIds, IImageSource source, ImageProcessor processor) =>
        (_imageIds, _source, _processor) = (imageIds, source, processor);

    /// <summary>The different pictures of some questions (U, C, S, S), and for each question which of them is its own (B).</summary>
    public (Tensor Pixels, Tensor Index) Gather(ReadOnlySpan<int> questions)
    {
        var order = new Dictionary<long, long>();
        long[] index = new long[questions.Length];
        for (int i = 0; i < index.Length; i++)
        {
            long id = _imageIds[questions[i]];
            if (!order.TryGetValue(id, out index[i]))
                order[id] = index[i] = order.Count;
        }
        return (_processor.ProcessBatch([.. order.Keys.Select(Decode)]), tensor(index));
    }

    private RgbImage Decode(long id)
    {
        if (_decoded.TryGetValue(id, out RgbImage? image))
            return image;
        image = ImageDecoder.Decode(_source.PathOf(id));
        if (Interlocked.Add(ref _bytes, image.Pixels.Length) <= MemoryLimit)
            _decoded.TryAdd(id, image);
        return image;
    }
}
