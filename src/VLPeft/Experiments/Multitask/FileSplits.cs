using VLPeft.Data;
using VLPeft.Data.Scenes;
using VLPeft.Recipes;

namespace VLPeft.Experiments;

/// <summary>The splits of a data set that has one file a split; a split is read when it is first asked for.</summary>
/// <typeparam name="T">An example.</typeparam>
internal sealed class FileSplits<T>
{
    private readonly DataSection _section;
    private readonly Func<string, IReadOnlyList<T>> _read;
    private readonly Func<SceneSplitPaths, string> _sceneFile;
    private readonly Func<T, long> _pictureOf;
    private readonly Dictionary<Split, Lazy<IReadOnlyList<T>?>> _splits;
    private readonly Lazy<IReadOnlyList<T>> _wholeTraining;

    /// <param name="section">Where the files are.</param>
    /// <param name="seed">Draws the training examples when their number is limited.</param>
    /// <param name="read">Reads a file.</param>
    /// <param name="sceneFile">Which of the scenes' files it is.</param>
    /// <param name="pictureOf">By what validation is kept apart, when it is a share of the training examples.</param>
    public FileSplits(DataSection section, long seed, Func<string, IReadOnlyList<T>> read, Func<SceneSplitPaths, string> sceneFile, Func<T, long> pictureOf)
    {
        (_section, _read, _sceneFile, _pictureOf) = (section, read, sceneFile, pictureOf);
        _wholeTraining = new(() => Read(Split.Train)!);
        _splits = new()
        {
            [Split.Train] = new(() => Limit(Kept(Split.Train)!, seed)),
            [Split.Validation] = new(() => Kept(Split.Validation)),
            [Split.Test] = new(() => Read(Split.Test)),
        };
    }

    /// <summary>The split's examples, or null when there is none of that name.</summary>
    public IReadOnlyList<T>? Find(Split split) => _splits[split].Value;

    /// <summary>The split's examples.</summary>
    /// <exception cref="InvalidInputException">There is none, or the file is missing, malformed or inconsistent.</exception>
    public IReadOnlyList<T> Get(Split split) => Find(split)
        ?? throw new InvalidInputException($"the recipe's data has no {RunFiles.Name(split)} split; name data.{RunFiles.Name(split)}.questions.");

    /// <summary>Where pictures are; null when the recipe does not say.</summary>
    public IImageSource? Images(Split split)
    {
        if (_section.Kind == DataKind.Scenes)
            return new FolderImageSource(ScenePaths(split).Images);
        if (_section.ImageMap is { } map)
            return new MapImageSource(map);
        return _section.Images.Count == 0 ? null : new IndexedImageSource([.. _section.Images]);
    }

    private IReadOnlyList<T>? Kept(Split split)
    {
        if (Read(Split.Validation) is { } own)
            return split == Split.Train ? _wholeTraining.Value : own;
        if (_section.ValidationFraction == 0)
            return split == Split.Train ? _wholeTraining.Value : null;
        HashSet<long> held = HeldOut.Of(_wholeTraining.Value.Select(_pictureOf), _section.ValidationFraction);
        return [.. _wholeTraining.Value.Where(example => held.Contains(_pictureOf(example)) == (split == Split.Validation))];
    }

    private IReadOnlyList<T> Limit(IReadOnlyList<T> examples, long seed)
    {
        if (_section.LimitTrain == 0 || _section.LimitTrain >= examples.Count)
            return examples;
        T[] shuffled = [.. examples];
        new DeterministicRandom((ulong)seed).Shuffle(shuffled.AsSpan());
        return shuffled[.._section.LimitTrain];
    }

    private IReadOnlyList<T>? Read(Split split)
    {
        string? path = _section.Kind == DataKind.Scenes ? _sceneFile(ScenePaths(split)) : split switch
        {
            Split.Train => _section.Train.Questions,
            Split.Validation => _section.Validation.Questions,
            _ => _section.Test.Questions,
        };
        return path is null ? null : _read(path);
    }

    private SceneSplitPaths ScenePaths(Split split)
    {
        SceneDataset.EnsureGenerated(_section.Scenes.ToOptions(), _section.Folder!);
        return SceneDataset.PathsOf(_section.Folder!, (SceneSplit)(int)split);
    }
}
