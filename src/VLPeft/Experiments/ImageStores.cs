using VLPeft.Data.Features;
using VLPeft.Models;
using VLPeft.Preprocessing;
using VLPeft.Recipes;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>The image features a recipe reads, split by split: from a file, or from the cache of its frozen encoder.</summary>
internal sealed class ImageStores : IDisposable
{
    private readonly Recipe _recipe;
    private readonly VisionBackbone? _vision;
    private readonly ImageSideOptions _image;
    private readonly IRunReporter _reporter;
    private readonly IFeatureStore? _file;
    private readonly FeatureCache? _pooled, _tokens;
    private readonly NoiseFeatures _noise;

    /// <param name="recipe">The recipe.</param>
    /// <param name="vision">Its encoder; null when it has none.</param>
    /// <param name="textWidth">d of the language model, which noise has too.</param>
    /// <param name="reporter">Is told of extraction.</param>
    public ImageStores(Recipe recipe, VisionBackbone? vision, long textWidth, IRunReporter reporter)
    {
        (_recipe, _vision, _reporter) = (recipe, vision, reporter);
        _image = ImageSideOptions.Of(recipe);
        _noise = new NoiseFeatures(textWidth);
        if (!(_image.NeedsPooled || _image.NeedsTokens))
            return;
        if (recipe.Vision.Features.IsNamed)
            _file = OpenFile(recipe.Vision.Features);
        else if (!recipe.Vision.Train)
        {
            string weights = WeightsFingerprint.Of(vision!.Encoder.Module);
            _pooled = _image.NeedsPooled ? FeatureCache.Open(CacheRoot, KindOf(weights, "pooled", 1)) : null;
            _tokens = _image.NeedsTokens ? FeatureCache.Open(CacheRoot, KindOf(weights, "patches", vision.Encoder.Positions)) : null;
        }
    }

    /// <summary>d_v; null when nothing of a picture is read.</summary>
    public long? Width => _file?.Width ?? _vision?.Encoder.Width;

    /// <summary>
    /// The pictures of a split for batches of rows (questions, captions); those that the cache does not have yet go through the encoder.
    /// </summary>
    /// <param name="split">The split.</param>
    /// <param name="rows">The picture of each row.</param>
    /// <param name="cancellation">Ends extraction.</param>
    public RowImages RowsOf(SplitImages split, IReadOnlyList<long> rows, CancellationToken cancellation)
    {
        IReadOnlyList<long> pictures = _recipe.Data.ShuffleImages ? Shuffled(split, rows) : rows;
        return new RowImages(
            StoredOf(split, pictures, cancellation),
            _recipe.Vision.Train ? new PixelImages(pictures, split.RequireSource(), _vision!.Processor) : null);
    }

    /// <summary>Puts the features of all splits into the cache.</summary>
    /// <returns>How many pictures of each split are in the cache.</returns>
    public static IReadOnlyDictionary<string, int> FillAll(
        Recipe recipe, VisionBackbone? vision, long textWidth, Func<Split, SplitImages?> find, IRunReporter reporter, CancellationToken cancellation)
    {
        using var stores = new ImageStores(recipe, vision, textWidth, reporter);
        var counts = new Dictionary<string, int>();
        foreach (Split name in Enum.GetValues<Split>())
        {
            if (find(name) is not { } split)
                continue;
            stores.StoredOf(split, split.Ids, cancellation);
            counts[RunFiles.Name(name)] = split.Ids.Count;
        }
        return counts;
    }

    /// <exception cref="InvalidInputException">The recipe keeps no features.</exception>
    public static void RequireCached(Recipe recipe)
    {
        ImageSideOptions image = ImageSideOptions.Of(recipe);
        if (recipe.Vision.Model is null || recipe.Vision.Train || !(image.NeedsPooled || image.NeedsTokens))
            throw new InvalidInputException($"recipe '{recipe.Name}' keeps no features in a cache: they come from a file, or the encoder trains, or nothing of a picture is read.");
    }

    /// <summary>The features of all pictures of a split, (N, d_v): what a projection is fitted to.</summary>
    public Tensor All(SplitImages split, CancellationToken cancellation)
    {
        IFeatureStore store = _file ?? Extract(_image.NeedsTokens ? _tokens : _pooled, split, cancellation)!;
        return store.Gather([.. split.Ids.Select(store.RowOf)]).flatten(0, 1);
    }

    /// <summary>The features of picture files.</summary>
    /// <exception cref="InvalidInputException">One is missing or broken, or the run reads features from a file, where pictures have ids.</exception>
    public ImageFeatures OfFiles(IReadOnlyList<string> files)
    {
        if (!(_image.NeedsPooled || _image.NeedsTokens))
            return new ImageFeatures(null, null, NoiseOf(new long[files.Count]));
        if (_file is not null)
            throw new InvalidInputException($"this run reads features from a file ({Shown(_recipe.Vision.Features)}), so a picture is named by its id there (--image-id), not by a picture file.");
        ImageFeatures features = _vision!.Encode(_vision.Processor.ProcessBatch([.. files.Select(ImageDecoder.Decode)]), _image);
        return features with { Noise = NoiseOf(new long[files.Count]) };
    }

    /// <summary>The features of pictures by their ids in the feature file.</summary>
    /// <exception cref="InvalidInputException">The file does not have one, or the run looks at picture files.</exception>
    public ImageFeatures OfIds(IReadOnlyList<long> ids)
    {
        if (!(_image.NeedsPooled || _image.NeedsTokens))
            return new ImageFeatures(null, null, NoiseOf(ids));
        if (_file is null)
            throw new InvalidInputException("this run looks at pictures: name a picture file (--image).");
        Tensor rows = _file.Gather([.. ids.Select(_file.RowOf)]);
        return new ImageFeatures(_image.NeedsPooled ? rows : null, _image.NeedsTokens ? rows : null, NoiseOf(ids));
    }

    public void Dispose()
    {
        (_file as IDisposable)?.Dispose();
        _pooled?.Dispose();
        _tokens?.Dispose();
    }

    private StoredImages? StoredOf(SplitImages split, IReadOnlyList<long> pictures, CancellationToken cancellation)
    {
        if (!_image.NeedsImages)
            return null;
        IFeatureStore? pooled = _image.NeedsPooled ? _file ?? Extract(_pooled, split, cancellation) : null;
        IFeatureStore? tokens = _image.NeedsTokens ? _file ?? Extract(_tokens, split, cancellation) : null;
        return pooled is null && tokens is null && !_image.NeedsNoise ? null
            : new StoredImages(pictures, pooled, tokens, _image.NeedsNoise ? _noise : null);
    }

    // The control: a picture's rows always get the same other one.
    private static IReadOnlyList<long> Shuffled(SplitImages split, IReadOnlyList<long> rows)
    {
        long[] ids = [.. split.Ids];
        new Data.DeterministicRandom(0).Shuffle(ids.AsSpan());
        var other = Enumerable.Range(0, ids.Length).ToDictionary(i => ids[i], i => ids[(i + 1) % ids.Length]);
        return [.. rows.Select(id => other[id])];
    }

    private Tensor? NoiseOf(IReadOnlyList<long> ids) => _image.NeedsNoise ? _noise.Gather([.. ids.Select(_noise.RowOf)]) : null;

    private IFeatureStore OpenFile(PreExtractedSection section)
    {
        IFeatureStore features = Open(section);
        if (_image.NeedsPooled && features.Tokens != 1)
        {
            (features as IDisposable)?.Dispose();
            throw new InvalidInputException($"vision.features: a pooled feature is read, but '{Shown(section)}' has {features.Tokens} tokens a picture; name a pooled tensor, or routing-feature.source: patches and text.prefix-source: patches.");
        }
        return features;
    }

    /// <summary>d_v of features made elsewhere.</summary>
    public static long WidthOf(PreExtractedSection section)
    {
        IFeatureStore store = Open(section);
        using var opened = store as IDisposable;
        return store.Width;
    }

    private static IFeatureStore Open(PreExtractedSection section) =>
        section.File is { } file ? PreExtractedFeatures.Open(file, section.Index!, section.Tensor) : Hdf5Features.Open(section.Hdf5);

    private static string Shown(PreExtractedSection section) => section.File ?? string.Join(", ", section.Hdf5);

    private string CacheRoot => _recipe.Vision.Cache
        ?? Environment.GetEnvironmentVariable("VLPEFT_CACHE")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache", "vlpeft", "features");

    private FeatureKind KindOf(string weights, string kept, long tokens) => new()
    {
        Weights = weights,
        Configuration = File.ReadAllText(Path.Combine(_recipe.Vision.Model!, "config.json")),
        Preprocessing = _vision!.Processor.Fingerprint,
        Kept = kept,
        Tokens = tokens,
        Width = _vision.Encoder.Width,
        Storage = _recipe.Vision.CacheStorage,
    };

    private CachedFeatures? Extract(FeatureCache? cache, SplitImages split, CancellationToken cancellation) => cache is null ? null
        : FeatureExtraction.Run(split.Ids, split.RequireSource(), Process, pixels => Encode(pixels, cache.Kind.Kept), cache,
            new FeatureExtractionOptions { Progress = _reporter.Extraction(split.Name, cache.Kind.Kept) }, cancellation);

    private Tensor Process(ImageFile file)
    {
        ImageProcessor processor = _vision!.Processor;
        return tensor(processor.Process(ImageDecoder.Decode(file.Bytes, file.Path)), 3, processor.Height, processor.Width);
    }

    private Tensor Encode(Tensor pixels, string kept)
    {
        VisionOutput output = _vision!.Encoder.Encode(pixels, kept == "pooled" ? OutputPositions.First : OutputPositions.All);
        return kept == "pooled" ? output.Pooled!.unsqueeze(1) : output.LastHiddenState;
    }
}
