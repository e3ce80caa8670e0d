using static TorchSharp.torch;

namespace VLPeft.Data.Features;

/// <summary>
/// Image features by picture id. Ids are resolved to rows once, when the data set is read; a training step gathers rows. Implementations
/// are safe for use by several threads.
/// </summary>
public interface IFeatureStore
{
    /// <summary>V, the vectors of one picture: 1 when pooled.</summary>
    long Tokens { get; }

    /// <summary>d, the numbers of one vector.</summary>
    long Width { get; }

    /// <summary>The row of a picture.</summary>
    /// <exception cref="InvalidInputException">There are no features of the picture; the message names the id and the store.</exception>
    int RowOf(long imageId);

    /// <summary>The features in rows, which may repeat: (B, V, d), float32, on the CPU, owned by the caller or its dispose scope.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such row.</exception>
    Tensor Gather(ReadOnlySpan<int> rows);
}
