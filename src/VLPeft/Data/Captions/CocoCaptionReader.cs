using System.Text.Json;

namespace VLPeft.Data;

/// <summary>
/// Reads COCO's caption files, <c>captions_train2014.json</c>, and any data set in their form:
/// <c>{"images": [{"id", "file_name"}], "annotations": [{"image_id", "caption"}]}</c>, other keys passed over.
/// </summary>
public static class CocoCaptionReader
{
    /// <summary>Reads a split; the pictures come in the order of "images", or of their first captions where that key is missing.</summary>
    /// <exception cref="InvalidInputException">
    /// The file is missing, damaged or of another shape; a picture stands twice; a caption is empty or of a picture that "images" lacks; there
    /// is no picture at all.
    /// </exception>
    public static IReadOnlyList<CaptionPicture> Read(string path)
    {
        var pool = new TextPool();
        OrderedDictionary<long, CaptionPicture> pictures = [];
        JsonRecords.ForEach(path, "images", "image", (ref record, where) =>
        {
            (long id, string? name) = ReadImage(ref record, where, pool);
            if (!pictures.TryAdd(id, new CaptionPicture(id, name, new List<string>())))
                throw where.Error($"id {id} stands twice.");
        }, optional: true);
        bool isComplete = pictures.Count > 0;
        JsonRecords.ForEach(path, "annotations", "annotation", (ref record, where) =>
        {
            (long id, string caption) = ReadCaption(ref record, where, pool);
            if (!pictures.TryGetValue(id, out CaptionPicture? picture))
            {
                if (isComplete)
                    throw where.Error($"image_id {id} is not among \"images\".");
                pictures.Add(id, picture = new CaptionPicture(id, null, new List<string>()));
            }
            ((List<string>)picture.Captions).Add(caption);
        }, optional: isComplete);
        return pictures.Count > 0 ? [.. pictures.Values] : throw new InvalidInputException($"{path}: expected at least one picture, found none.");
    }

    private static (long Id, string? Name) ReadImage(ref Utf8JsonReader record, JsonRecord where, TextPool pool)
    {
        long? id = null;
        string? name = null;
        record.Read();
        where.Expect(in record, JsonTokenType.StartObject, "with id and file_name");
        while (record.Read() && record.TokenType == JsonTokenType.PropertyName)
        {
            if (record.ValueTextEquals("id"u8))
                id = where.Integer(ref record, "id");
            else if (record.ValueTextEquals("file_name"u8))
                name = where.Text(ref record, "file_name", pool);
            else
                record.Skip();
        }
        return (id ?? throw where.Error("expected the key \"id\", which is missing."), name);
    }

    private static (long Id, string Caption) ReadCaption(ref Utf8JsonReader record, JsonRecord where, TextPool pool)
    {
        long? id = null;
        string? caption = null;
        record.Read();
        where.Expect(in record, JsonTokenType.StartObject, "with image_id and caption");
        while (record.Read() && record.TokenType == JsonTokenType.PropertyName)
        {
            if (record.ValueTextEquals("image_id"u8))
                id = where.Integer(ref record, "image_id");
            else if (record.ValueTextEquals("caption"u8))
                caption = where.Text(ref record, "caption", pool);
            else
                record.Skip();
        }
        if (id is null || caption is null)
            throw where.Error($"expected the key \"{(id is null ? "image_id" : "caption")}\", which is missing.");
        return string.IsNullOrWhiteSpace(caption)
            ? throw where.Error($"the caption of image_id {id} is empty.")
            : (id.Value, caption.Trim());
    }
}
