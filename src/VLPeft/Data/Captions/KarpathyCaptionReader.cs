using System.Text.Json;

namespace VLPeft.Data;

/// <summary>
/// Reads Karpathy's files of captions with their splits (<c>dataset_coco.json</c>, <c>dataset_flickr8k.json</c>,
/// <c>dataset_flickr30k.json</c>): <c>{"images": [{"filename", "filepath", "split", "sentences": [{"raw"}], "cocoid" or "imgid"}]}</c>.
/// </summary>
public static class KarpathyCaptionReader
{
    /// <summary>Reads the pictures of each part; "restval" belongs to the training part.</summary>
    /// <exception cref="InvalidInputException">
    /// The file is missing, damaged or of another shape; a picture stands twice or has an unknown split; a caption is empty; there are no
    /// pictures.
    /// </exception>
    public static IReadOnlyDictionary<KarpathySplit, IReadOnlyList<CaptionPicture>> Read(string path)
    {
        var pool = new TextPool();
        HashSet<long> seen = [];
        var parts = Enum.GetValues<KarpathySplit>().ToDictionary(split => split, _ => new List<CaptionPicture>());
        JsonRecords.ForEach(path, "images", "image", (ref record, where) =>
        {
            (KarpathySplit split, CaptionPicture picture) = ReadImage(ref record, where, pool);
            if (!seen.Add(picture.ImageId))
                throw where.Error($"the picture {picture.ImageId} stands twice.");
            parts[split].Add(picture);
        });
        return seen.Count > 0
            ? parts.ToDictionary(part => part.Key, part => (IReadOnlyList<CaptionPicture>)part.Value)
            : throw new InvalidInputException($"{path}: expected at least one picture, found none.");
    }

    private static (KarpathySplit Split, CaptionPicture Picture) ReadImage(ref Utf8JsonReader record, JsonRecord where, TextPool pool)
    {
        long? cocoId = null, imageId = null;
        string? split = null, folder = null, name = null;
        List<string>? captions = null;
        record.Read();
        where.Expect(in record, JsonTokenType.StartObject, "with split, sentences and cocoid or imgid");
        while (record.Read() && record.TokenType == JsonTokenType.PropertyName)
        {
            if (record.ValueTextEquals("cocoid"u8))
                cocoId = where.Integer(ref record, "cocoid");
            else if (record.ValueTextEquals("imgid"u8))
                imageId = where.Integer(ref record, "imgid");
            else if (record.ValueTextEquals("split"u8))
                split = where.Text(ref record, "split", pool);
            else if (record.ValueTextEquals("filepath"u8))
                folder = where.Text(ref record, "filepath", pool);
            else if (record.ValueTextEquals("filename"u8))
                name = where.Text(ref record, "filename", pool);
            else if (record.ValueTextEquals("sentences"u8))
                captions = ReadSentences(ref record, where, pool);
            else
                record.Skip();
        }
        long id = cocoId ?? imageId ?? throw Missing(where, "cocoid\" or \"imgid");
        string? file = name is null ? null : folder is null ? name : Path.Combine(folder, name);
        return (
            KarpathySplits.Parse(split ?? throw Missing(where, "split"), where),
            new CaptionPicture(id, file, captions ?? throw Missing(where, "sentences")));
    }

    private static List<string> ReadSentences(ref Utf8JsonReader record, JsonRecord where, TextPool pool)
    {
        List<string> captions = [];
        record.Read();
        where.Expect(in record, JsonTokenType.StartArray, "as \"sentences\"");
        while (record.Read() && record.TokenType != JsonTokenType.EndArray)
        {
            where.Expect(in record, JsonTokenType.StartObject, "with the key raw as an element of \"sentences\"");
            string? caption = null;
            while (record.Read() && record.TokenType == JsonTokenType.PropertyName)
            {
                if (record.ValueTextEquals("raw"u8))
                    caption = where.Text(ref record, "raw", pool);
                else
                    record.Skip();
            }
            if (string.IsNullOrWhiteSpace(caption))
                throw caption is null ? Missing(where, "raw") : where.Error("a caption is empty.");
            captions.Add(caption.Trim());
        }
        return captions;
    }

    private static InvalidInputException Missing(JsonRecord where, string key) => where.Error($"expected the key \"{key}\", which is missing.");
}
