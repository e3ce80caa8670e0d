using System.Text.Json;

namespace VLPeft.Data;

/// <summary>Small JSON files, read whole, with errors for the user.</summary>
internal static class JsonFile
{
    public static JsonDocument Parse(string path)
    {
        try
        {
            // A stream, not bytes: it takes a byte order mark.
            using FileStream stream = File.OpenRead(path);
            return JsonDocument.Parse(stream);
        }
        catch (JsonException e)
        {
            throw new InvalidInputException($"{path}: expected valid JSON, which it is not: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException(File.Exists(path) ? $"{path}: can't be read: {e.Message}" : $"{path}: no such file.", e);
        }
    }

    public static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };
}
