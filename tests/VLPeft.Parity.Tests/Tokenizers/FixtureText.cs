using System.Globalization;
using System.Text;
using System.Text.Json;

namespace VLPeft.Parity.Tests;

/// <summary>Strings of a fixture as they stand there, half surrogate pairs (which System.Text.Json refuses) included.</summary>
internal static class FixtureText
{
    public static string Read(JsonElement element)
    {
        try
        {
            return element.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Unescape(element.GetRawText().AsSpan()[1..^1]);
        }
    }

    public static string Unescape(ReadOnlySpan<char> raw)
    {
        var text = new StringBuilder();
        for (int i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '\\')
                text.Append(raw[i]);
            else if (raw[++i] == 'u')
            {
                text.Append((char)int.Parse(raw.Slice(i + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                i += 4;
            }
            else
                text.Append(raw[i] switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'b' => '\b', 'f' => '\f', var c => c });
        }
        return text.ToString();
    }

    /// <summary>For messages: control characters and everything beyond ASCII escaped.</summary>
    public static string Show(string text) => string.Concat(text.Select(c => c is >= ' ' and <= '~' ? $"{c}" : $"\\u{(int)c:x4}"));
}
