using System.Text.Json;

namespace VLPeft.Data;

/// <summary>Where a record of a JSON file stands, and strict reading of its values.</summary>
/// <param name="Path">The file.</param>
/// <param name="Kind">What the record is: "question".</param>
/// <param name="Index">Its place in the array, from 0.</param>
internal readonly record struct JsonRecord(string Path, string Kind, int Index)
{
    /// <summary>An error about this record; <paramref name="id"/> names it where one is known.</summary>
    public InvalidInputException Error(string message, long? id = null) =>
        new($"{Path}: {Kind} number {Index + 1}{(id is null ? "" : $" (question_id {id})")}: {message}");

    public void Expect(in Utf8JsonReader reader, JsonTokenType token, string what, long? id = null)
    {
        if (reader.TokenType != token)
            throw Error($"expected {Describe(token)} {what}, came {Describe(reader.TokenType)}.", id);
    }

    /// <summary>Reads the next value as a whole number.</summary>
    public long Integer(ref Utf8JsonReader reader, string key, long? id = null)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out long value))
            return value;
        string came = reader.TokenType == JsonTokenType.Number ? "another number" : Describe(reader.TokenType);
        throw Error($"expected a whole number as \"{key}\", came {came}.", id);
    }

    /// <summary>Reads the next value as text; equal texts of one pool are one object.</summary>
    public string Text(ref Utf8JsonReader reader, string key, TextPool pool, long? id = null)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
            throw Error($"expected text as \"{key}\", came {Describe(reader.TokenType)}.", id);
        try
        {
            return pool.Get(in reader);
        }
        catch (InvalidOperationException e)
        {
            throw new InvalidInputException(Error($"\"{key}\" is not valid Unicode.", id).Message, e);
        }
    }

    public static string Describe(JsonTokenType token) => token switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "text",
        JsonTokenType.Number => "a number",
        JsonTokenType.True or JsonTokenType.False => "true or false",
        JsonTokenType.Null => "null",
        JsonTokenType.EndArray => "the end of the array",
        _ => token.ToString(),
    };
}
