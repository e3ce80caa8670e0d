using System.Text.Json;

namespace VLPeft.Data;

/// <summary>
/// Reads GQA's own files, <c>train_balanced_questions.json</c>: <c>{"02930152": {"imageId", "question", "answer", "types": {"structural"}}}</c>,
/// and VL-T5's lists of them, <c>[{"question_id", "img_id", "sent", "label": {"yes": 1.0}}]</c>; other keys are passed over.
/// </summary>
public static class GqaReader
{
    /// <summary>Reads a split in the file's order.</summary>
    /// <exception cref="InvalidInputException">
    /// The file is missing, damaged or of another shape; a question is empty or stands twice; there is no question at all.
    /// </exception>
    public static IReadOnlyList<GqaExample> Read(string path)
    {
        var pool = new TextPool();
        List<GqaExample> examples = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        if (JsonRecords.BeginsWithArray(path))
            JsonRecords.ForEach(path, null, "question", (ref record, where) => Add(ReadListed(ref record, where, pool), where));
        else
            JsonRecords.ForEachEntry(path, "question", (ref record, where) => Add(ReadEntry(ref record, where, pool), where));
        return examples.Count > 0 ? examples : throw new InvalidInputException($"{path}: expected at least one question, found none.");

        void Add(GqaExample example, JsonRecord where)
        {
            if (string.IsNullOrWhiteSpace(example.Question))
                throw where.Error($"the question {example.QuestionId} is empty.");
            if (!seen.Add(example.QuestionId))
                throw where.Error($"the id {example.QuestionId} came already; ids must be unique.");
            examples.Add(example);
        }
    }

    private static GqaExample ReadEntry(ref Utf8JsonReader record, JsonRecord where, TextPool pool)
    {
        string? image = null, question = null;
        string answer = "", type = "";
        record.Read();
        where.Expect(in record, JsonTokenType.StartObject, "with imageId and question");
        while (record.Read() && record.TokenType == JsonTokenType.PropertyName)
        {
            if (record.ValueTextEquals("imageId"u8))
                image = where.Name(ref record, "imageId", pool);
            else if (record.ValueTextEquals("question"u8))
                question = where.Text(ref record, "question", pool);
            else if (record.ValueTextEquals("answer"u8))
                answer = where.Text(ref record, "answer", pool);
            else if (record.ValueTextEquals("types"u8))
                type = ReadStructural(ref record, where, pool);
            else
                record.Skip();
        }
        return new GqaExample(where.Key, image ?? throw Missing(where, "imageId"), question ?? throw Missing(where, "question"), answer) { Type = type };
    }

    private static string ReadStructural(ref Utf8JsonReader record, JsonRecord where, TextPool pool)
    {
        string type = "";
        record.Read();
        where.Expect(in record, JsonTokenType.StartObject, "as \"types\"");
        while (record.Read() && record.TokenType == JsonTokenType.PropertyName)
        {
            if (record.ValueTextEquals("structural"u8))
                type = where.Text(ref record, "structural", pool);
            else
                record.Skip();
        }
        return type;
    }

    private static GqaExample ReadListed(ref Utf8JsonReader record, JsonRecord where, TextPool pool)
    {
        string? id = null, image = null, question = null;
        string answer = "";
        record.Read();
        where.Expect(in record, JsonTokenType.StartObject, "with question_id, img_id and sent");
        while (record.Read() && record.TokenType == JsonTokenType.PropertyName)
        {
            if (record.ValueTextEquals("question_id"u8))
                id = where.Name(ref record, "question_id", pool);
            else if (record.ValueTextEquals("img_id"u8))
                image = where.Name(ref record, "img_id", pool);
            else if (record.ValueTextEquals("sent"u8))
                question = where.Text(ref record, "sent", pool);
            else if (record.ValueTextEquals("label"u8))
                answer = ReadLabel(ref record, where);
            else
                record.Skip();
        }
        return new GqaExample(
            id ?? throw Missing(where, "question_id"), image ?? throw Missing(where, "img_id"), question ?? throw Missing(where, "sent"), answer);
    }

    // {"answer": 1.0}: the highest of them, where there are several.
    private static string ReadLabel(ref Utf8JsonReader record, JsonRecord where)
    {
        (string answer, double best) = ("", double.NegativeInfinity);
        record.Read();
        where.Expect(in record, JsonTokenType.StartObject, "of answers with their scores as \"label\"");
        while (record.Read() && record.TokenType == JsonTokenType.PropertyName)
        {
            string one = record.GetString()!;
            record.Read();
            where.Expect(in record, JsonTokenType.Number, $"as the score of \"{one}\"");
            if (record.GetDouble() > best)
                (answer, best) = (one, record.GetDouble());
        }
        return answer;
    }

    private static InvalidInputException Missing(JsonRecord where, string key) => where.Error($"expected the key \"{key}\", which is missing.");
}
