using System.Text.Json;

namespace VLPeft.Data;

/// <summary>A part of COCO 2014 after Karpathy and Fei-Fei (CVPR 2015).</summary>
public enum KarpathySplit
{
    /// <summary>COCO's train2014 and the "restval" pictures of val2014.</summary>
    Train,

    /// <summary>5,000 pictures of val2014.</summary>
    Val,

    /// <summary>5,000 other pictures of val2014.</summary>
    Test,
}

/// <summary>
/// Karpathy's partition of COCO's pictures. For VQAv2 the questions of train2014 and val2014 are read both, and each part takes those
/// about its pictures.
/// </summary>
public sealed class KarpathySplits
{
    private readonly string _path;
    private readonly Dictionary<long, KarpathySplit> _splitOf = [];

    private KarpathySplits(string path) => _path = path;

    /// <summary>
    /// Reads Karpathy's <c>dataset_coco.json</c>, <c>{"images": [{"cocoid", "split": "train" | "restval" | "val" | "test"}]}</c>.
    /// </summary>
    /// <exception cref="InvalidInputException">
    /// No file, damaged JSON, another shape, an unknown split, a picture that stands twice, no pictures.
    /// </exception>
    public static KarpathySplits Load(string path)
    {
        var splits = new KarpathySplits(path);
        var pool = new TextPool();
        JsonRecords.ForEach(path, "images", "image", (ref record, where) =>
        {
            (long id, KarpathySplit split) = ReadImage(ref record, where, pool);
            if (!splits._splitOf.TryAdd(id, split))
                throw where.Error($"cocoid {id} stands twice.");
        });
        return splits._splitOf.Count > 0 ? splits : throw new InvalidInputException($"{path}: expected at least one image, found none.");
    }

    /// <summary>How many pictures a part has.</summary>
    public int Count(KarpathySplit split) => _splitOf.Values.Count(value => value == split);

    /// <summary>The part a picture belongs to; null when the file does not name it.</summary>
    public KarpathySplit? Of(long imageId) => _splitOf.TryGetValue(imageId, out KarpathySplit split) ? split : null;

    /// <summary>The examples about a part's pictures, in their order.</summary>
    /// <exception cref="InvalidInputException">An example's picture is in no part, or no example is in this one.</exception>
    public IReadOnlyList<VqaExample> Filter(IEnumerable<VqaExample> examples, KarpathySplit split)
    {
        List<VqaExample> chosen = [];
        List<long> strangers = [];
        foreach (VqaExample example in examples)
        {
            if (!_splitOf.TryGetValue(example.ImageId, out KarpathySplit its))
                strangers.Add(example.ImageId);
            else if (its == split)
                chosen.Add(example);
        }
        if (strangers.Count > 0)
        {
            throw new InvalidInputException(
                $"{_path}: expected a split for every picture asked about, found none for those of {strangers.Count} questions: image " +
                $"{IdList.First([.. strangers.Distinct()])}; are they COCO's train2014 or val2014?");
        }
        return chosen.Count > 0
            ? chosen
            : throw new InvalidInputException($"{_path}: none of the questions is about a picture of the split {split}.");
    }

    private static (long Id, KarpathySplit Split) ReadImage(ref Utf8JsonReader record, JsonRecord where, TextPool pool)
    {
        long? id = null;
        string? split = null;
        record.Read();
        where.Expect(in record, JsonTokenType.StartObject, "with cocoid and split");
        while (record.Read() && record.TokenType == JsonTokenType.PropertyName)
        {
            if (record.ValueTextEquals("cocoid"u8))
                id = where.Integer(ref record, "cocoid");
            else if (record.ValueTextEquals("split"u8))
                split = where.Text(ref record, "split", pool);
            else
                record.Skip();
        }
        if (id is null || split is null)
            throw where.Error($"expected the key \"{(id is null ? "cocoid" : "split")}\", which is missing.");
        return (id.Value, Parse(split, where));
    }

    /// <summary>The part that a name means.</summary>
    internal static KarpathySplit Parse(string split, JsonRecord where) => split switch
    {
        "train" or "restval" => KarpathySplit.Train,
        "val" => KarpathySplit.Val,
        "test" => KarpathySplit.Test,
        _ => throw where.Error($"expected \"train\", \"restval\", \"val\" or \"test\" as \"split\", came \"{split}\"."),
    };
}
