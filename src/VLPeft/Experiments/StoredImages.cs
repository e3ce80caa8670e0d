using VLPeft.Data.Features;
using VLPeft.VisionLanguage;

namespace VLPeft.Experiments;

/// <summary>The image features of a split's questions, resolved to rows once.</summary>
internal sealed class StoredImages
{
    private readonly IFeatureStore? _pooled, _tokens, _noise;
    private readonly int[] _pooledRows, _tokenRows, _noiseRows;

    /// <param name="imageIds">The picture of each question.</param>
    /// <param name="pooled">Pooled features, when they are read.</param>
    /// <param name="tokens">Token features, when they are read.</param>
    /// <param name="noise">Noise, when it is read.</param>
    public StoredImages(IReadOnlyList<long> imageIds, IFeatureStore? pooled, IFeatureStore? tokens, IFeatureStore? noise)
    {
        (_pooled, _tokens, _noise) = (pooled, tokens, noise);
        _pooledRows = Rows(imageIds, pooled);
        _tokenRows = Rows(imageIds, tokens);
        _noiseRows = Rows(imageIds, noise);
    }

    /// <summary>The features of some questions.</summary>
    public ImageFeatures Gather(ReadOnlySpan<int> questions) => new(
        Gather(_pooled, _pooledRows, questions), Gather(_tokens, _tokenRows, questions), Gather(_noise, _noiseRows, questions));

    private static int[] Rows(IReadOnlyList<long> imageIds, IFeatureStore? store) => store is null ? [] : [.. imageIds.Select(store.RowOf)];

    private static TorchSharp.torch.Tensor? Gather(IFeatureStore? store, int[] rows, ReadOnlySpan<int> questions)
    {
        if (store is null)
            return null;
        int[] wanted = new int[questions.Length];
        for (int i = 0; i < wanted.Length; i++)
            wanted[i] = rows[questions[i]];
        return store.Gather(wanted);
    }
}
