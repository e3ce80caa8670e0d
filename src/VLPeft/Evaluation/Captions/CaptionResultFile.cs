using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using VLPeft.Checkpoints;
using VLPeft.Data;

namespace VLPeft.Evaluation.Captions;

/// <summary>
/// COCO's results format, <c>[{"image_id": 42, "caption": "a man on a horse"}]</c>. Ids are numbers or texts; 42 and "42" are the same.
/// </summary>
public static class CaptionResultFile
{
    /// <summary>Reads captions by picture, in the file's order. A caption may be empty.</summary>
    /// <exception cref="InvalidInputException">No file, damaged JSON, another shape, a picture that stands twice.</exception>
    public static IReadOnlyDictionary<string, string> Read(string path)
    {
        var pool = new TextPool();
        OrderedDictionary<string, string> captions = new(StringComparer.Ordinal);
        JsonRecords.ForEach(path, null, "prediction", (ref record, where) =>
        {
            (string image, string caption) = CaptionRecord.Read(ref record, where, pool);
            if (!captions.TryAdd(image, caption))
                throw where.Error($"expected one caption a picture, this is the second of image_id {image}.");
        });
        return captions;
    }

    /// <summary>Writes captions in their order, ids that are whole numbers as numbers; the file is there whole or not at all.</summary>
    public static void Write(string path, IEnumerable<CaptionPrediction> predictions) =>
        AtomicFile.Write(path, stream => Write(stream, predictions));

    /// <summary>Writes captions in their order into a stream.</summary>
    public static void Write(Stream stream, IEnumerable<CaptionPrediction> predictions)
    {
        ArgumentNullException.ThrowIfNull(predictions);
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartArray();
        foreach (CaptionPrediction prediction in predictions)
        {
            json.WriteStartObject();
            if (long.TryParse(prediction.ImageId, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number))
                json.WriteNumber("image_id", number);
            else
                json.WriteString("image_id", prediction.ImageId);
            json.WriteString("caption", prediction.Caption);
            json.WriteEndObject();
            if (json.BytesPending > 1 << 16)
                json.Flush();
        }
        json.WriteEndArray();
    }
}

/// <summary>A model's caption of a picture.</summary>
/// <param name="ImageId">The picture.</param>
/// <param name="Caption">What the model says; may be empty.</param>
public sealed record CaptionPrediction(string ImageId, string Caption);

/// <summary>
/// COCO's caption annotations, <c>{"annotations": [{"image_id": 42, "caption": "a man rides"}, …]}</c>, several of a picture; other
/// keys are passed over.
/// </summary>
public static class CaptionReferenceFile
{
    /// <summary>Reads the references of each picture, in the file's order.</summary>
    /// <exception cref="InvalidInputException">No file, damaged JSON, another shape, no annotation at all.</exception>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Read(string path)
    {
        var pool = new TextPool();
        OrderedDictionary<string, IReadOnlyList<string>> references = new(StringComparer.Ordinal);
        JsonRecords.ForEach(path, "annotations", "annotation", (ref record, where) =>
        {
            (string image, string caption) = CaptionRecord.Read(ref record, where, pool);
            if (!references.TryGetValue(image, out IReadOnlyList<string>? captions))
                references.Add(image, captions = new List<string>());
            ((List<string>)captions).Add(caption);
        });
        return references.Count > 0 ? references : throw new InvalidInputException($"{path}: expected at least one annotation, found none.");
    }
}

/// <summary>An object with image_id and caption.</summary>
internal static class CaptionRecord
{
    public static (string Image, string Caption) Read(ref Utf8JsonReader record, JsonRecord where, TextPool pool)
    {
        string? image = null, caption = null;
        record.Read();
        where.Expect(in record, JsonTokenType.StartObject, "with image_id and caption");
        while (record.Read() && record.TokenType == JsonTokenType.PropertyName)
        {
            if (record.ValueTextEquals("image_id"u8))
                image = ReadId(ref record, where, pool);
            else if (record.ValueTextEquals("caption"u8))
                caption = where.Text(ref record, "caption", pool);
            else
                record.Skip();
        }
        return (image ?? throw Missing(where, "image_id", null), caption ?? throw Missing(where, "caption", image));
    }

    private static string ReadId(ref Utf8JsonReader record, JsonRecord where, TextPool pool)
    {
        Utf8JsonReader ahead = record;
        ahead.Read();
        return ahead.TokenType == JsonTokenType.String
            ? where.Text(ref record, "image_id", pool)
            : where.Integer(ref record, "image_id").ToString(System.Globalization.CultureInfo.InvariantCulture);
    }

    private static InvalidInputException Missing(JsonRecord where, string key, string? image) =>
        where.Error($"expected the key \"{key}\", which is missing{(image is null ? "" : $" (image_id {image})")}.");
}
