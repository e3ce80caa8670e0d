using System.Text.Encodings.Web;
using System.Text.Json;
using VLPeft.Checkpoints;
using VLPeft.Data;

namespace VLPeft.Evaluation;

/// <summary>The official results format, <c>[{"question_id": 42, "answer": "yes"}]</c>, as the VQA challenge's server takes it.</summary>
public static class VqaResultFile
{
    /// <summary>Writes predictions in their order; the file is there whole or not at all.</summary>
    public static void Write(string path, IEnumerable<VqaPrediction> predictions) => AtomicFile.Write(path, stream =>
    {
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartArray();
        foreach (VqaPrediction prediction in predictions)
        {
            json.WriteStartObject();
            json.WriteNumber("question_id", prediction.QuestionId);
            json.WriteString("answer", prediction.Answer);
            json.WriteEndObject();
            if (json.BytesPending > 1 << 16)
                json.Flush();
        }
        json.WriteEndArray();
    });

    /// <summary>Reads predictions in the file's order.</summary>
    /// <exception cref="InvalidInputException">No file, damaged JSON, another shape, a question that stands twice.</exception>
    public static IReadOnlyList<VqaPrediction> Read(string path)
    {
        var pool = new TextPool();
        List<VqaPrediction> predictions = [];
        HashSet<long> seen = [];
        JsonRecords.ForEach(path, null, "prediction", (ref record, where) =>
        {
            VqaPrediction prediction = ReadOne(ref record, where, pool);
            if (!seen.Add(prediction.QuestionId))
                throw where.Error("expected one prediction a question, this is the second.", prediction.QuestionId);
            predictions.Add(prediction);
        });
        return predictions;
    }

    private static VqaPrediction ReadOne(ref Utf8JsonReader record, JsonRecord where, TextPool pool)
    {
        long? id = null;
        string? answer = null;
        record.Read();
        where.Expect(in record, JsonTokenType.StartObject, "with question_id and answer");
        while (record.Read() && record.TokenType == JsonTokenType.PropertyName)
        {
            if (record.ValueTextEquals("question_id"u8))
                id = where.Integer(ref record, "question_id");
            else if (record.ValueTextEquals("answer"u8))
                answer = where.Text(ref record, "answer", pool, id);
            else
                record.Skip();
        }
        if (id is null || answer is null)
            throw where.Error($"expected the key \"{(id is null ? "question_id" : "answer")}\", which is missing.", id);
        return new VqaPrediction(id.Value, answer);
    }
}
