using TorchSharp;
using VLPeft.Data.Features;
using static TorchSharp.torch;

namespace VLPeft.Tests.Data.Features;

/// <summary>Features that follow from the picture's number, so that any reader can tell whether it got the right ones.</summary>
internal static class SampleFeatures
{
    public static FeatureKind Kind(
        long tokens = 1, long width = 3, FeatureStorage storage = FeatureStorage.Float32, string weights = "w1") => new()
        {
            Weights = weights,
            Configuration = "{\"heads\": 4}",
            Preprocessing = "224 bilinear",
            Kept = tokens == 1 ? "pooled" : "patches",
            Tokens = tokens,
            Width = width,
            Storage = storage,
        };

    public static ImageKey Key(int picture) => new(new UInt128((ulong)picture * 0x9E3779B97F4A7C15, (ulong)picture));

    public static ImageKey[] Keys(IEnumerable<int> pictures) => [.. pictures.Select(Key)];

    public static float[] Values(int picture, FeatureKind kind) =>
        [.. Enumerable.Range(0, (int)(kind.Tokens * kind.Width)).Select(i => MathF.Sin(picture * 31 + i) + picture)];

    public static Tensor Batch(IReadOnlyCollection<int> pictures, FeatureKind kind) =>
        tensor(pictures.SelectMany(p => Values(p, kind)).ToArray(), [pictures.Count, kind.Tokens, kind.Width]);

    public static void Add(FeatureCache cache, params int[] pictures)
    {
        using Tensor features = Batch(pictures, cache.Kind);
        cache.Add(Keys(pictures), features);
    }

    /// <summary>Whether every one of <paramref name="pictures"/> that is there has its own features; the ones that are there.</summary>
    public static List<int> Present(FeatureCache cache, IEnumerable<int> pictures)
    {
        var present = new List<int>();
        foreach (int picture in pictures.Where(p => cache.Contains(Key(p))))
        {
            Xunit.Assert.Equal(Values(picture, cache.Kind), Read(cache, picture));
            present.Add(picture);
        }
        return present;
    }

    public static float[] Read(FeatureCache cache, params int[] pictures)
    {
        using Tensor read = cache.Read(Keys(pictures));
        Xunit.Assert.Equal([pictures.Length, cache.Kind.Tokens, cache.Kind.Width], read.shape);
        return read.data<float>().ToArray();
    }
}
