using System.Text.Encodings.Web;
using System.Text.Json;

namespace VLPeft.Preprocessing;

/// <summary>Writes a word-level tokenizer as the tokenizer.json that Hugging Face's tokenizers itself would write.</summary>
internal sealed record WordLevelJson(
    TokenVocabulary Vocabulary, bool LowerCase, string UnknownToken, IReadOnlyList<AddedToken> Added, SequenceTemplate Template)
{
    public void Write(Stream stream)
    {
        using var json = new Utf8JsonWriter(
            stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        WriteAdded(json);
        if (LowerCase)
            WriteTyped(json, "normalizer", "Lowercase");
        else
            json.WriteNull("normalizer");
        WriteTyped(json, "pre_tokenizer", "Whitespace");
        WriteTemplate(json);
        json.WriteNull("decoder");
        WriteModel(json);
        json.WriteEndObject();
    }

    private void WriteAdded(Utf8JsonWriter json)
    {
        json.WriteStartArray("added_tokens");
        foreach (AddedToken token in Added.OrderBy(t => t.Id))
        {
            json.WriteStartObject();
            json.WriteNumber("id", token.Id);
            json.WriteString("content", token.Content);
            json.WriteBoolean("single_word", token.SingleWord);
            json.WriteBoolean("lstrip", token.LStrip);
            json.WriteBoolean("rstrip", token.RStrip);
            json.WriteBoolean("normalized", token.Normalized);
            json.WriteBoolean("special", token.Special);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private void WriteTemplate(Utf8JsonWriter json)
    {
        json.WriteStartObject("post_processor");
        json.WriteString("type", "TemplateProcessing");
        json.WriteStartArray("single");
        WriteSpecials(json, Template.Before, 0);
        WriteText(json, "A", 0);
        WriteSpecials(json, Template.After, 0);
        json.WriteEndArray();
        json.WriteStartArray("pair");
        WriteSpecials(json, Template.PairBefore, 0);
        WriteText(json, "A", 0);
        WriteSpecials(json, Template.PairBetween, 0);
        // RoBERTa knows one token type only.
        WriteText(json, "B", 0);
        WriteSpecials(json, Template.PairAfter, 0);
        json.WriteEndArray();
        json.WriteStartObject("special_tokens");
        int[][] parts = [Template.Before, Template.After, Template.PairBefore, Template.PairBetween, Template.PairAfter];
        foreach (int id in parts.SelectMany(ids => ids).Distinct().Order())
        {
            json.WriteStartObject(TokenOf(id));
            json.WriteString("id", TokenOf(id));
            json.WriteStartArray("ids");
            json.WriteNumberValue(id);
            json.WriteEndArray();
            json.WriteStartArray("tokens");
            json.WriteStringValue(TokenOf(id));
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void WriteModel(Utf8JsonWriter json)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "WordLevel");
        json.WriteStartObject("vocab");
        foreach ((string token, int id) in Vocabulary.Ids.OrderBy(entry => entry.Value))
            json.WriteNumber(token, id);
        json.WriteEndObject();
        json.WriteString("unk_token", UnknownToken);
        json.WriteEndObject();
    }

    private void WriteSpecials(Utf8JsonWriter json, int[] ids, int type)
    {
        foreach (int id in ids)
            WritePiece(json, "SpecialToken", TokenOf(id), type);
    }

    private string TokenOf(int id) => Added.FirstOrDefault(token => token.Id == id)?.Content ?? Vocabulary.TokenOf(id)!;

    private static void WriteText(Utf8JsonWriter json, string name, int type) => WritePiece(json, "Sequence", name, type);

    private static void WritePiece(Utf8JsonWriter json, string kind, string id, int type)
    {
        json.WriteStartObject();
        json.WriteStartObject(kind);
        json.WriteString("id", id);
        json.WriteNumber("type_id", type);
        json.WriteEndObject();
        json.WriteEndObject();
    }

    private static void WriteTyped(Utf8JsonWriter json, string key, string type)
    {
        json.WriteStartObject(key);
        json.WriteString("type", type);
        json.WriteEndObject();
    }
}
