using System.Text.Json;

namespace VLPeft.Data;

/// <summary>Where a record of a JSON file stands, and strict reading of its values.</summary>
/// <param name="Path">The file.</param>
/// <param name="Kind">What the record is: "question".</param>
/// <param name="Index">Its place in the array, from 0.</param>
internal readonly record struct JsonRecord(string Path, string Kind, int Index)
{
    /// <summary>The record's key, when records stand in an object; empty otherwise.</summary>
    public string Key { get; init; } = "";

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

    /// <summary>Reads the next value as a name, which may be written as text or as a whole number.</summary>
    public string Name(ref Utf8JsonReader reader, string key, TextPool pool)
    {
        Utf8JsonReader next = reader;
        next.Read();
        string name = next.TokenType == JsonTokenType.Number
            ? Integer(ref reader, key).ToString(System.Globalization.CultureInfo.InvariantCulture)
            : Text(ref reader, key, pool);
        return name.Length > 0 ? name : throw Error($"expected a name as \"{key}\", came an empty one.");
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
