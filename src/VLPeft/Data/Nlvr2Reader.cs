using System.Text.Json;

namespace VLPeft.Data;

/// <summary>
/// Reads NLVR2's own files, <c>dev.json</c>, an object a line: <c>{"identifier": "dev-850-0-0", "sentence", "label": "True"}</c>, whose pictures
/// follow from the identifier; and VL-T5's lists of them, <c>[{"identifier", "sent", "label": 1, "img0", "img1"}]</c>; other keys are passed over.
/// </summary>
public static class Nlvr2Reader
{
    /// <summary>Reads a split in the file's order.</summary>
    /// <exception cref="InvalidInputException">
    /// The file is missing, damaged or of another shape; a sentence is empty, an identifier of another form or there twice; there is no sentence
    /// at all.
    /// </exception>
    public static IReadOnlyList<Nlvr2Example> Read(string path)
    {
        var pool = new TextPool();
        List<Nlvr2Example> examples = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        if (JsonRecords.BeginsWithArray(path))
            JsonRecords.ForEach(path, null, "sentence", Add);
        else
            JsonRecords.ForEachLine(path, "sentence", Add);
        return examples.Count > 0 ? examples : throw new InvalidInputException($"{path}: expected at least one sentence, found none.");

        void Add(ref Utf8JsonReader record, JsonRecord where)
        {
            Nlvr2Example example = ReadOne(ref record, where, pool);
            if (!seen.Add(example.Identifier))
                throw where.Error($"the identifier {example.Identifier} came already; identifiers must be unique.");
            examples.Add(example);
        }
    }

    private static Nlvr2Example ReadOne(ref Utf8JsonReader record, JsonRecord where, TextPool pool)
    {
        string? identifier = null, sentence = null, left = null, right = null;
        bool? label = null;
        record.Read();
        where.Expect(in record, JsonTokenType.StartObject, "with identifier and sentence");
        while (record.Read() && record.TokenType == JsonTokenType.PropertyName)
        {
            if (record.ValueTextEquals("identifier"u8))
                identifier = where.Text(ref record, "identifier", pool);
            else if (record.ValueTextEquals("sentence"u8) || record.ValueTextEquals("sent"u8))
                sentence = where.Text(ref record, "sentence", pool);
            else if (record.ValueTextEquals("label"u8))
                label = ReadLabel(ref record, where);
            else if (record.ValueTextEquals("img0"u8))
                left = where.Text(ref record, "img0", pool);
            else if (record.ValueTextEquals("img1"u8))
                right = where.Text(ref record, "img1", pool);
            else
                record.Skip();
        }
        if (identifier is null || sentence is null)
            throw where.Error($"expected the key \"{(identifier is null ? "identifier" : "sentence")}\", which is missing.");
        if (string.IsNullOrWhiteSpace(sentence))
            throw where.Error($"the sentence of {identifier} is empty.");
        string pair = PairOf(identifier, where);
        return new Nlvr2Example(identifier, sentence, label, left ?? $"{pair}-img0", right ?? $"{pair}-img1");
    }

    // The identifier without its last field, the sentence.
    private static string PairOf(string identifier, JsonRecord where) => identifier.Split('-').Length == 4
        ? identifier[..identifier.LastIndexOf('-')]
        : throw where.Error($"expected an identifier like dev-850-0-0 (split-set-pair-sentence), came \"{identifier}\".");

    private static bool ReadLabel(ref Utf8JsonReader record, JsonRecord where)
    {
        record.Read();
        return record.TokenType switch
        {
            JsonTokenType.String when record.ValueTextEquals("True"u8) => true,
            JsonTokenType.String when record.ValueTextEquals("False"u8) => false,
            JsonTokenType.Number when record.TryGetInt32(out int number) && number is 0 or 1 => record.GetInt32() == 1,
            JsonTokenType.True => true,
            JsonTokenType.False => false,
            _ => throw where.Error("expected \"True\", \"False\", 0 or 1 as \"label\", came another value."),
        };
    }
}
