using System.Buffers;
using System.Text;

namespace VLPeft.Preprocessing;

/// <summary>
/// The printable character that stands for each byte in GPT-2's vocabularies: itself where it is printable Latin-1, otherwise the next
/// free one from U+0100 on.
/// </summary>
internal static class ByteAlphabet
{
    private const int Unused = -1;

    private static readonly int[] ByteOfChar = Build();

    /// <summary>
    /// The bytes of all tokens, read as UTF-8 together; each maximal ill-formed part becomes U+FFFD. A token with a character outside
    /// the alphabet (an added token with a space, say) stands for its own UTF-8.
    /// </summary>
    public static string Decode(List<string> tokens)
    {
        var bytes = new ArrayBufferWriter<byte>(256);
        foreach (string token in tokens)
        {
            Span<byte> target = bytes.GetSpan(Encoding.UTF8.GetMaxByteCount(token.Length));
            bytes.Advance(TryMap(token, target) ? token.Length : Encoding.UTF8.GetBytes(token, target));
        }
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    private static bool TryMap(string token, Span<byte> target)
    {
        for (int i = 0; i < token.Length; i++)
        {
            int value = token[i] < ByteOfChar.Length ? ByteOfChar[token[i]] : Unused;
            if (value == Unused)
                return false;
            target[i] = (byte)value;
        }
        return true;
    }

    private static int[] Build()
    {
        var byteOfChar = new int[256 + 68];
        Array.Fill(byteOfChar, Unused);
        int next = 256;
        for (int value = 0; value < 256; value++)
        {
            bool printable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            byteOfChar[printable ? value : next++] = value;
        }
        return byteOfChar;
    }
}
