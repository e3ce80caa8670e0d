using VLPeft.Data;
using VLPeft.Data.Scenes;
using VLPeft.Recipes;

namespace VLPeft.Experiments;

/// <summary>The data set that a recipe names, split by split; a split is read when it is first asked for.</summary>
public sealed class VqaData
{
    private readonly DataSection _section;
    private readonly Dictionary<Split, Lazy<VqaSplit?>> _splits;
    private readonly Lazy<IReadOnlyList<VqaExample>> _wholeTraining;

    /// <summary>Reads nothing yet.</summary>
    /// <param name="section">The recipe's data section.</param>
    /// <param name="seed">The recipe's seed, which draws the questions when their number is limited.</param>
    public VqaData(DataSection section, long seed)
    {
        _section = section;
        _wholeTraining = new(() => ReadFiles(Split.Train)!);
        _splits = new()
        {
            [Split.Train] = new(() => new VqaSplit(Split.Train, Limit(Kept(Split.Train), seed), ImagesOf(Split.Train))),
            [Split.Validation] = new(ReadValidation),
            [Split.Test] = new(ReadTest),
        };
    }

    /// <summary>The split, or null when the data set has none of that name.</summary>
    /// <exception cref="InvalidInputException">A file is missing, malformed or inconsistent.</exception>
    public VqaSplit? Find(Split split) => _splits[split].Value;

    /// <summary>The split.</summary>
    /// <exception cref="InvalidInputException">There is none, or a file is missing, malformed or inconsistent.</exception>
    public VqaSplit Get(Split split) => Find(split)
        ?? throw new InvalidInputException($"the recipe's data has no {split.ToString().ToLowerInvariant()} split; name data.{split.ToString().ToLowerInvariant()}.questions and .annotations.");

    /// <summary>
    /// The answers a model can give: the recipe's file, or the frequent ones of training and validation questions together, as the
    /// published vocabularies have it.
    /// </summary>
    public AnswerVocabulary BuildVocabulary()
    {
        if (_section.Answers is { } file)
            return AnswerVocabulary.Load(file);
        return AnswerVocabulary.Build([.. Get(Split.Train).Examples, .. Find(Split.Validation)?.Examples ?? []], _section.MinimumAnswerCount);
    }

    private VqaSplit? ReadTest()
    {
        IReadOnlyList<VqaExample>? examples = _section.KarpathySplit is not null ? Kept(Split.Test) : ReadFiles(Split.Test);
        return examples is null ? null : new VqaSplit(Split.Test, examples, ImagesOf(Split.Test));
    }

    private VqaSplit? ReadValidation()
    {
        bool hasOwn = _section.KarpathySplit is not null || HasFiles(Split.Validation);
        if (!hasOwn && _section.ValidationFraction == 0)
            return null;
        return new VqaSplit(Split.Validation, Kept(Split.Validation), ImagesOf(hasOwn ? Split.Validation : Split.Train));
    }

    /// <summary>The split's questions after Karpathy's division, or after the share for validation was taken from the training pictures.</summary>
    private IReadOnlyList<VqaExample> Kept(Split split)
    {
        if (_section.KarpathySplit is { } karpathy)
            return KarpathySplits.Load(karpathy).Filter([.. _wholeTraining.Value, .. ReadFiles(Split.Validation) ?? []], (KarpathySplit)(int)split);
        if (HasFiles(Split.Validation) || _section.ValidationFraction == 0)
            return split == Split.Train ? _wholeTraining.Value : ReadFiles(split)!;
        HashSet<long> held = HeldOut.Of(_wholeTraining.Value.Select(example => example.ImageId), _section.ValidationFraction);
        return [.. _wholeTraining.Value.Where(example => held.Contains(example.ImageId) == (split == Split.Validation))];
    }

    private IReadOnlyList<VqaExample> Limit(IReadOnlyList<VqaExample> examples, long seed)
    {
        if (_section.LimitTrain == 0 || _section.LimitTrain >= examples.Count)
            return examples;
        VqaExample[] shuffled = [.. examples];
        new DeterministicRandom((ulong)seed).Shuffle(shuffled.AsSpan());
        return shuffled[.._section.LimitTrain];
    }

    private bool HasFiles(Split split) => _section.Kind switch
    {
        DataKind.Vqav2 => FilesOf(split).Questions is not null,
        DataKind.EasyVqa => split != Split.Validation,
        _ => true,
    };

    private IReadOnlyList<VqaExample>? ReadFiles(Split split)
    {
        if (!HasFiles(split))
            return null;
        switch (_section.Kind)
        {
            case DataKind.EasyVqa:
                return EasyVqaReader.Read(_section.Folder!, split == Split.Train ? "train" : "test");
            case DataKind.Scenes:
                SceneSplitPaths paths = ScenePaths(split);
                return VqaV2Reader.Read(paths.Questions, paths.Annotations);
            default:
                SplitSection files = FilesOf(split);
                return VqaV2Reader.Read(files.Questions!, files.Annotations);
        }
    }

    private IImageSource? ImagesOf(Split split) => _section.Kind switch
    {
        DataKind.EasyVqa => EasyVqaReader.Images(_section.Folder!, split == Split.Test ? "test" : "train"),
        DataKind.Scenes => new FolderImageSource(ScenePaths(split).Images),
        _ when _section.ImageMap is { } map => new MapImageSource(map),
        _ when _section.Images.Count > 0 => new FolderImageSource([.. _section.Images]),
        _ => null,
    };

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
