namespace VLPeft.Preprocessing;

/// <summary>Reads the <c>post_processor</c> of a tokenizer.json: the special tokens around a text and a pair.</summary>
internal static class PostProcessorReader
{
    /// <param name="processor">The entry, or null when the file has none.</param>
    /// <param name="idOf">The id of a token in the vocabulary or among the added tokens.</param>
    public static SequenceTemplate Read(JsonEntry? processor, Func<string, int?> idOf)
    {
        if (processor is null)
            return SequenceTemplate.Bare;
        JsonEntry type = processor.Get("type");
        return type.Text() switch
        {
            // Changes offsets only.
            "ByteLevel" => SequenceTemplate.Bare,
            "RobertaProcessing" => Around(processor, idOf, doubleSeparator: true),
            "BertProcessing" => Around(processor, idOf, doubleSeparator: false),
            "TemplateProcessing" => Template(processor, idOf),
            "Sequence" => Sequence(processor, idOf),
            _ => throw type.Expected("RobertaProcessing, BertProcessing, TemplateProcessing, ByteLevel or a Sequence of them"),
        };
    }

    private static SequenceTemplate Sequence(JsonEntry processor, Func<string, int?> idOf)
    {
        JsonEntry[] parts = [.. processor.Get("processors").Items().Where(part => part.Get("type").Text() != "ByteLevel")];
        return parts.Length > 1
            ? throw processor.Expected("one processor that adds special tokens")
            : Read(parts.FirstOrDefault(), idOf);
    }

    private static SequenceTemplate Around(JsonEntry processor, Func<string, int?> idOf, bool doubleSeparator) =>
        SequenceTemplate.Around(TokenAndId(processor.Get("cls"), idOf), TokenAndId(processor.Get("sep"), idOf), doubleSeparator);

    /// <summary>["&lt;s&gt;", 0]</summary>
    private static int TokenAndId(JsonEntry entry, Func<string, int?> idOf)
    {
        JsonEntry[] items = [.. entry.Items()];
        if (items.Length != 2)
            throw entry.Expected("a token and its id");
        return Checked(entry, items[0].Text(), items[1].Int(), idOf);
    }

    private static SequenceTemplate Template(JsonEntry processor, Func<string, int?> idOf)
    {
        List<int>[] single = Segments(processor, "single", ["A"], idOf);
        List<int>[] pair = Segments(processor, "pair", ["A", "B"], idOf);
        return new SequenceTemplate([.. single[0]], [.. single[1]], [.. pair[0]], [.. pair[1]], [.. pair[2]]);
    }

    /// <summary>The ids before, between and after the texts, which must come once each and in order.</summary>
    private static List<int>[] Segments(JsonEntry processor, string key, string[] texts, Func<string, int?> idOf)
    {
        JsonEntry template = processor.Get(key);
        List<List<int>> segments = [[]];
        foreach (JsonEntry piece in template.Items())
        {
            if (piece.Find("SpecialToken") is { } special)
            {
                segments[^1].AddRange(SpecialIds(processor, special.Get("id"), idOf));
                continue;
            }
            JsonEntry name = piece.Get("Sequence").Get("id");
            if (segments.Count > texts.Length || name.Text() != texts[segments.Count - 1])
                throw name.Expected($"the texts {string.Join(", ", texts)}, once each and in this order,");
            segments.Add([]);
        }
        return segments.Count == texts.Length + 1 ? [.. segments] : throw template.Expected($"the texts {string.Join(", ", texts)}");
    }

    private static IEnumerable<int> SpecialIds(JsonEntry processor, JsonEntry name, Func<string, int?> idOf)
    {
        JsonEntry special = processor.Get("special_tokens").Get(name.Text());
        JsonEntry[] tokens = [.. special.Get("tokens").Items()], ids = [.. special.Get("ids").Items()];
        return tokens.Length == ids.Length
            ? tokens.Zip(ids, (token, id) => Checked(id, token.Text(), id.Int(), idOf))
            : throw special.Expected("as many ids as tokens");
    }

    private static int Checked(JsonEntry entry, string token, int id, Func<string, int?> idOf) => idOf(token) switch
    {
        null => throw new InvalidInputException($"{entry.File}: '{entry.Place}' names the token '{token}', which the vocabulary lacks."),
        { } known when known != id => throw entry.Expected($"the id {known} that '{token}' has in the vocabulary"),
        _ => id,
    };
}
