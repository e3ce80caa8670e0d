using System.Text.Json;

namespace VLPeft.Data;

/// <summary>Gives equal texts as one object: VQAv2's 4.4 million answers are about 150,000 different ones.</summary>
internal sealed class TextPool
{
    private readonly HashSet<string>.AlternateLookup<ReadOnlySpan<char>> _texts =
        new HashSet<string>(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The reader's current string; allocates only when it is new.</summary>
    /// <exception cref="InvalidOperationException">It is not valid Unicode.</exception>
    public string Get(in Utf8JsonReader reader)
    {
        if (reader.ValueSpan.Length > 512)
            return reader.GetString()!;
        Span<char> text = stackalloc char[512];
        text = text[..reader.CopyString(text)];
        if (_texts.TryGetValue(text, out string? known))
            return known;
        string added = text.ToString();
        // Through the lookup it would be added as a copy.
        _texts.Set.Add(added);
        return added;
    }
}
