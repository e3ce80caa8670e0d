using VLPeft.Data;
using VLPeft.Data.Scenes;
using VLPeft.Recipes;

namespace VLPeft.Experiments;

/// <summary>The captions that a recipe names, split by split; a split is read when it is first asked for.</summary>
public sealed class CaptionData
{
    private readonly DataSection _section;
    private readonly Dictionary<Split, Lazy<CaptionSplit?>> _splits;
    private readonly Lazy<IReadOnlyList<CaptionPicture>> _wholeTraining;
    private readonly Lazy<IReadOnlyDictionary<KarpathySplit, IReadOnlyList<CaptionPicture>>> _karpathy;
    private readonly Lazy<IReadOnlyList<CaptionPicture>> _flickr;

    /// <summary>Reads nothing yet.</summary>
    /// <param name="section">The recipe's data section.</param>
    /// <param name="seed">The recipe's seed, which draws the pictures when their number is limited.</param>
    public CaptionData(DataSection section, long seed)
    {
        _section = section;
        _karpathy = new(() => KarpathyCaptionReader.Read(section.Captions!));
        _flickr = new(() => FlickrCaptionReader.Read(section.Captions!));
        _wholeTraining = new(() => WithCaptions(Read(Split.Train), Split.Train));
        _splits = new()
        {
            [Split.Train] = new(() => Of(Split.Train, Limit(Kept(Split.Train), seed), Split.Train)),
            [Split.Validation] = new(ReadValidation),
            [Split.Test] = new(() => Has(Split.Test) ? Of(Split.Test, Read(Split.Test), Split.Test) : null),
        };
    }

    /// <summary>The split, or null when the data set has none of that name.</summary>
    /// <exception cref="InvalidInputException">A file is missing, malformed or inconsistent.</exception>
    public CaptionSplit? Find(Split split) => _splits[split].Value;

    /// <summary>The split.</summary>
    /// <exception cref="InvalidInputException">There is none, or a file is missing, malformed or inconsistent.</exception>
    public CaptionSplit Get(Split split)
    {
        string name = RunFiles.Name(split);
        string key = _section.Kind == DataKind.Flickr ? "pictures" : "captions";
        return Find(split) ?? throw new InvalidInputException($"the recipe's data has no {name} split; name data.{name}.{key}.");
    }

    private CaptionSplit? ReadValidation()
    {
        if (Has(Split.Validation))
            return Of(Split.Validation, WithCaptions(Read(Split.Validation), Split.Validation), Split.Validation);
        return _section.ValidationFraction == 0 ? null : Of(Split.Validation, Kept(Split.Validation), Split.Train);
    }

    private IReadOnlyList<CaptionPicture> Kept(Split split)
    {
        if (Has(Split.Validation) || _section.ValidationFraction == 0)
            return _wholeTraining.Value;
        HashSet<long> held = HeldOut.Of(_wholeTraining.Value.Select(picture => picture.ImageId), _section.ValidationFraction);
        return [.. _wholeTraining.Value.Where(picture => held.Contains(picture.ImageId) == (split == Split.Validation))];
    }

    private IReadOnlyList<CaptionPicture> Limit(IReadOnlyList<CaptionPicture> pictures, long seed)
    {
        if (_section.LimitTrain == 0 || _section.LimitTrain >= pictures.Count)
            return pictures;
        CaptionPicture[] shuffled = [.. pictures];
        new DeterministicRandom((ulong)seed).Shuffle(shuffled.AsSpan());
        return shuffled[.._section.LimitTrain];
    }

    // A picture that nobody describes teaches nothing and scores nothing.
    private static CaptionPicture[] WithCaptions(IReadOnlyList<CaptionPicture> pictures, Split split)
    {
        CaptionPicture[] described = [.. pictures.Where(picture => picture.Captions.Count > 0)];
        return described.Length > 0 ? described : throw new InvalidInputException(
            $"the {RunFiles.Name(split)} split: expected captions, but none of its {pictures.Count} pictures has any.");
    }

    private bool Has(Split split) => _section.Kind switch
    {
        DataKind.CocoCaptions => FilesOf(split).Captions is not null,
        DataKind.Flickr => FilesOf(split).Pictures is not null,
        DataKind.Karpathy => _karpathy.Value[(KarpathySplit)(int)split].Count > 0,
        _ => true,
    };

    private IReadOnlyList<CaptionPicture> Read(Split split) => _section.Kind switch
    {
        DataKind.CocoCaptions => CocoCaptionReader.Read(FilesOf(split).Captions!),
        DataKind.Karpathy => _karpathy.Value[(KarpathySplit)(int)split],
        DataKind.Flickr => FlickrCaptionReader.Select(_flickr.Value, FilesOf(split).Pictures!),
        _ => CocoCaptionReader.Read(ScenePaths(split).Captions),
    };

    private CaptionSplit Of(Split name, IReadOnlyList<CaptionPicture> pictures, Split files) => new(name, pictures, ImagesOf(pictures, files));

    private IImageSource? ImagesOf(IReadOnlyList<CaptionPicture> pictures, Split split)
    {
        if (_section.Kind == DataKind.Scenes)
            return new FolderImageSource(ScenePaths(split).Images);
        if (_section.ImageMap is { } map)
            return new MapImageSource(map);
        if (_section.Images.Count == 0)
            return null;
        string[] folders = [.. _section.Images];
        return pictures.All(picture => picture.FileName is not null)
            ? new NamedImageSource(pictures.ToDictionary(picture => picture.ImageId, picture => picture.FileName!), folders)
            : new FolderImageSource(folders);
    }

    private SplitSection FilesOf(Split split) => split switch
    {
        Split.Train => _section.Train,
        Split.Validation => _section.Validation,
        _ => _section.Test,
    };

    private SceneSplitPaths ScenePaths(Split split)
    {
        SceneDataset.EnsureGenerated(_section.Scenes.ToOptions(), _section.Folder!);
        return SceneDataset.PathsOf(_section.Folder!, (SceneSplit)(int)split);
    }
}
