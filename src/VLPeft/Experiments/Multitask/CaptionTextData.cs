using System.Globalization;
using VLPeft.Data;
using VLPeft.Evaluation.Captions;
using VLPeft.Recipes;

namespace VLPeft.Experiments;

/// <summary>Captions as text: one row a caption to learn, one a picture to say; the official caption scores.</summary>
internal sealed class CaptionTextData(DataSection section, long seed) : ITextTaskData
{
    private readonly CaptionData _data = new(section, seed);

    public TextTask Task => TextTask.Caption;

    public bool Has(Split split) => _data.Find(split) is not null;

    public SplitImages Pictures(Split split) => _data.Get(split).Files;

    public TextRows Rows(Split split)
    {
        (long Picture, string Caption)[] captions =
            [.. _data.Get(split).Pictures.SelectMany(picture => picture.Captions.Select(caption => (picture.ImageId, caption)))];
        return captions.Length > 0
            ? new TextRows(Prompts(captions.Length), [.. captions.Select(one => one.Picture)], (row, _) => (captions[row].Caption, 1))
            : throw new InvalidInputException($"the {RunFiles.Name(split)} split of caption: expected captions, none of its pictures has any.");
    }

    public TextRows Requests(Split split)
    {
        IReadOnlyList<CaptionPicture> pictures = _data.Get(split).Pictures;
        return new TextRows(Prompts(pictures.Count), [.. pictures.Select(picture => picture.ImageId)]);
    }

    public TaskScore? Score(Split split, IReadOnlyList<string> said, bool thorough)
    {
        CaptionExample[] examples = [.. _data.Get(split).Pictures.Zip(said, (picture, caption) => new CaptionExample(IdOf(picture), caption, picture.Captions)).Where(one => one.References.Count > 0)];
        if (examples.Length == 0)
            return null;
        IReadOnlyDictionary<string, double?> scores = thorough
            ? CaptionScorer.Score(examples).Scores
            : new Dictionary<string, double?> { ["CIDEr"] = Cider.Score(CaptionScorer.Tokenize(examples), CiderVariant.D).Score };
        return new TaskScore(100 * scores["CIDEr"]!.Value, scores);
    }

    public void Write(string path, Split split, IReadOnlyList<string> said) =>
        CaptionResultFile.Write(path, [.. _data.Get(split).Pictures.Zip(said, (picture, caption) => new CaptionPrediction(IdOf(picture), caption))]);

    private static string[] Prompts(int count) => [.. Enumerable.Repeat(TextTasks.Request(TextTask.Caption, ""), count)];

    private static string IdOf(CaptionPicture picture) => picture.ImageId.ToString(CultureInfo.InvariantCulture);
}
