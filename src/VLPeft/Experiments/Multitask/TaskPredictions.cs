using System.Text.Encodings.Web;
using System.Text.Json;
using VLPeft.Checkpoints;

namespace VLPeft.Experiments;

/// <summary>Predictions as a JSON array of small objects.</summary>
internal static class TaskPredictions
{
    /// <summary>Writes one object an item; the file is there whole or not at all.</summary>
    public static void Write<T>(string path, IEnumerable<T> items, Action<Utf8JsonWriter, T> fields) => AtomicFile.Write(path, stream =>
    {
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartArray();
        foreach (T item in items)
        {
            json.WriteStartObject();
            fields(json, item);
            json.WriteEndObject();
            if (json.BytesPending > 1 << 16)
                json.Flush();
        }
        json.WriteEndArray();
    });
}
