using System.Text;

namespace VLPeft.Preprocessing;

/// <summary>Reads the files of a tokenizer; what can't be read is the user's input at fault.</summary>
internal static class TokenizerFiles
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static byte[] ReadBytes(string file)
    {
        try
        {
            return File.ReadAllBytes(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{file}: the tokenizer's file can't be read: {error.Message}", error);
        }
    }

    /// <summary>
    /// The lines, cut at LF or CR LF only (U+2028 and the like may be tokens); empty ones at the end don't count.
    /// </summary>
    public static string[] ReadLines(string file)
    {
        string text;
        try
        {
            text = Strict.GetString(ReadBytes(file));
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidInputException($"{file}: not UTF-8 text: {error.Message}", error);
        }
        return text.TrimStart('\uFEFF').TrimEnd('\n', '\r').Split('\n').Select(line => line.TrimEnd('\r')).ToArray();
    }

    /// <summary>A <c>vocab.json</c>: an object of token → id.</summary>
    public static TokenVocabulary ReadVocabularyJson(string file) => new(file, JsonEntry.Load(file).TokenIds());

    /// <summary>A <c>vocab.txt</c>: one token a line, its id the line's number from 0.</summary>
    public static TokenVocabulary ReadVocabularyText(string file) =>
        new(file, ReadLines(file).Select((token, id) => KeyValuePair.Create(token, id)).ToList());
}
