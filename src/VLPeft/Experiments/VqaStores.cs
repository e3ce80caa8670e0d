using VLPeft.Data.Features;
using VLPeft.Models;
using VLPeft.Preprocessing;
using VLPeft.Recipes;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>The image features a recipe reads, split by split: from a file, or from the cache of its frozen encoder.</summary>
internal sealed class VqaStores : IDisposable
{
    private readonly Recipe _recipe;
    private readonly VqaBackbones _backbones;
    private readonly ImageSideOptions _image;
    private readonly IRunReporter _reporter;
    private readonly PreExtractedFeatures? _file;
    private readonly FeatureCache? _pooled, _tokens;
    private readonly NoiseFeatures _noise;

    public VqaStores(Recipe recipe, VqaBackbones backbones, IRunReporter reporter)
    {
        (_recipe, _backbones, _reporter) = (recipe, backbones, reporter);
        _image = VqaBackbones.ImageOf(recipe);
        _noise = new NoiseFeatures(backbones.Text.Width);
        if (!(_image.NeedsPooled || _image.NeedsTokens))
            return;
        if (recipe.Vision.Features.File is { } file)
            _file = OpenFile(file);
        else if (!recipe.Vision.Train)
        {
            IVisionEncoder vision = backbones.Vision!;
            string weights = WeightsFingerprint.Of(vision.Module);
            _pooled = _image.NeedsPooled ? FeatureCache.Open(CacheRoot, KindOf(weights, "pooled", 1)) : null;
            _tokens = _image.NeedsTokens ? FeatureCache.Open(CacheRoot, KindOf(weights, "patches", vision.Positions)) : null;
        }
    }

    /// <summary>d_v; null when nothing of a picture is read.</summary>
    public long? Width => _file?.Width ?? _backbones.Vision?.Width;

    /// <summary>The features of a split; pictures that the cache does not have yet go through the encoder.</summary>
    public StoredImages? Of(VqaSplit split, CancellationToken cancellation)
    {
        if (!_image.NeedsImages)
            return null;
        IReadOnlyList<long> pictures = PicturesOf(split);
        IFeatureStore? pooled = _image.NeedsPooled ? (IFeatureStore?)_file ?? Extract(_pooled, split, cancellation) : null;
        IFeatureStore? tokens = _image.NeedsTokens ? (IFeatureStore?)_file ?? Extract(_tokens, split, cancellation) : null;
        return pooled is null && tokens is null && !_image.NeedsNoise ? null
            : new StoredImages(pictures, pooled, tokens, _image.NeedsNoise ? _noise : null);
    }

    /// <summary>The pixels of a split, for an encoder that trains.</summary>
    public PixelImages? PixelsOf(VqaSplit split) =>
        _recipe.Vision.Train ? new PixelImages(PicturesOf(split), RequireImages(split), _backbones.Processor!) : null;

    /// <summary>The features of all pictures of a split, (N, d_v): what a projection is fitted to.</summary>
    public Tensor All(VqaSplit split, CancellationToken cancellation)
    {
        IFeatureStore store = (IFeatureStore?)_file ?? Extract(_image.NeedsTokens ? _tokens : _pooled, split, cancellation)!;
        return store.Gather([.. split.ImageIds.Select(store.RowOf)]).flatten(0, 1);
    }

    /// <summary>The features of one picture, by file or by its id in the feature file.</summary>
    public ImageFeatures Single(string? image, long? imageId, VqaSystem system)
    {
        Tensor? noise = _image.NeedsNoise ? _noise.Gather([_noise.RowOf(imageId ?? 0)]) : null;
        if (!(_image.NeedsPooled || _image.NeedsTokens))
            return new ImageFeatures(null, null, noise);
        if (_file is not null)
        {
            long id = imageId ?? throw new InvalidInputException($"this run reads features from a file ({_recipe.Vision.Features.File}), so a picture is named by its id there (--image-id), not by a picture file.");
            Tensor row = _file.Gather([_file.RowOf(id)]);
            return new ImageFeatures(_image.NeedsPooled ? row : null, _image.NeedsTokens ? row : null, noise);
        }
        string file = image ?? throw new InvalidInputException("this run looks at pictures: name a picture file (--image).");
        ImageFeatures features = system.Encode(_backbones.Processor!.ProcessBatch([ImageDecoder.Decode(file)]));
        return features with { Noise = noise };
    }

    public void Dispose()
    {
        _file?.Dispose();
        _pooled?.Dispose();
        _tokens?.Dispose();
    }

    // Every question's own picture, or in the shuffled control always the same other one.
    private IReadOnlyList<long> PicturesOf(VqaSplit split)
    {
        if (!_recipe.Data.ShuffleImages)
            return [.. split.Examples.Select(example => example.ImageId)];
        long[] ids = [.. split.ImageIds];
        new Data.DeterministicRandom(0).Shuffle(ids.AsSpan());
        var other = Enumerable.Range(0, ids.Length).ToDictionary(i => ids[i], i => ids[(i + 1) % ids.Length]);
        return [.. split.Examples.Select(example => other[example.ImageId])];
    }

    private PreExtractedFeatures OpenFile(string file)
    {
        PreExtractedFeatures features = PreExtractedFeatures.Open(file, _recipe.Vision.Features.Index!, _recipe.Vision.Features.Tensor);
        if (_image.NeedsPooled && features.Tokens != 1)
            throw new InvalidInputException($"vision.features: a pooled feature is read, but '{file}' has {features.Tokens} tokens a picture; name a pooled tensor, or routing-feature.source: patches and text.prefix-source: patches.");
        return features;
    }

    private string CacheRoot => _recipe.Vision.Cache
        ?? Environment.GetEnvironmentVariable("VLPEFT_CACHE")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "vlpeft", "features");

    private FeatureKind KindOf(string weights, string kept, long tokens) => new()
    {
        Weights = weights,
        Configuration = File.ReadAllText(Path.Combine(_recipe.Vision.Model!, "config.json")),
        Preprocessing = _backbones.Processor!.Fingerprint,
        Kept = kept,
        Tokens = tokens,
        Width = _backbones.Vision!.Width,
        Storage = _recipe.Vision.CacheStorage,
    };

    private CachedFeatures? Extract(FeatureCache? cache, VqaSplit split, CancellationToken cancellation) => cache is null ? null
        : FeatureExtraction.Run(split.ImageIds, RequireImages(split), Process, pixels => Encode(pixels, cache.Kind.Kept), cache,
            new FeatureExtractionOptions { Progress = _reporter.Extraction(split.Name, cache.Kind.Kept) }, cancellation);

    private Tensor Process(ImageFile file)
    {
        float[] pixels = _backbones.Processor!.Process(ImageDecoder.Decode(file.Bytes, file.Path));
        return tensor(pixels, 3, _backbones.Processor.Height, _backbones.Processor.Width);
    }

    private Tensor Encode(Tensor pixels, string kept)
    {
        VisionOutput output = _backbones.Vision!.Encode(pixels, kept == "pooled" ? OutputPositions.First : OutputPositions.All);
        return kept == "pooled" ? output.Pooled!.unsqueeze(1) : output.LastHiddenState;
    }

    private static Data.IImageSource RequireImages(VqaSplit split) => split.Images
        ?? throw new InvalidInputException($"data.images: the {RunFiles.Name(split.Name)} split's pictures are read, but the recipe does not say where they are; name data.images or data.image-map.");
}
