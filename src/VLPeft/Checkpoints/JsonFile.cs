using System.Text.Json;
using System.Text.Unicode;

namespace VLPeft.Checkpoints;

/// <summary>JSON files that users bring along.</summary>
internal static class JsonFile
{
    private const long MaxLength = 100_000_000;

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>The document of a file whose root is an object.</summary>
    /// <param name="path">The file.</param>
    /// <param name="what">What the file is to the user, for the message.</param>
    /// <exception cref="InvalidInputException">The file is missing, can't be read, or is no JSON object.</exception>
    public static JsonDocument ReadObject(string path, string what)
    {
        try
        {
            byte[] json = ReadBytes(path, what);
            CheckText(json);
            var document = JsonDocument.Parse(json, Strict);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return document;
            using (document)
                throw new InvalidInputException($"The {what} '{path}' must hold a JSON object, not {document.RootElement.ValueKind}.");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidInputException($"The {what} '{path}' does not exist.", e);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InvalidInputException($"The {what} '{path}' is not valid JSON: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"The {what} '{path}' can't be read: {e.Message}", e);
        }
    }

    /// <summary>The document of a file, whatever its root is; a key may stand twice.</summary>
    /// <exception cref="InvalidInputException">The file is missing, can't be read, or is no JSON.</exception>
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

    /// <summary>What a value is, in words.</summary>
    public static string Describe(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "an array",
        JsonValueKind.String => "text",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };

    private static byte[] ReadBytes(string path, string what)
    {
        using FileStream stream = File.OpenRead(path);
        if (stream.Length > MaxLength)
            throw new InvalidInputException($"The {what} '{path}' has {stream.Length} bytes; more than {MaxLength} are not read.");
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>A document decodes its strings late: here it is found out early whether all of them are text.</summary>
    private static void CheckText(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
            throw new JsonException("it is not UTF-8.");
        var reader = new Utf8JsonReader(json);
        while (reader.Read())
        {
            if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                reader.GetString();
        }
    }
}
