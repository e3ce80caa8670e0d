using System.IO.Compression;
using System.Text.Json;
using VLPeft.Preprocessing;
using VLPeft.TestData;

namespace VLPeft.Parity.Tests;

/// <summary>
/// Hugging Face's vocab.json and merges.txt of CLIP, made of the file that OpenAI published: of its merges the first 48,894 count; tokens are
/// the byte alphabet, the same with the end of a word, what the merges make, and two special ones.
/// </summary>
internal static class ClipVocabulary
{
    private const int Merges = 49152 - 256 - 2;
    private const string EndOfWord = "</w>";

    public static ByteLevelBpeTokenizer Tokenizer()
    {
        string folder = Directory.CreateTempSubdirectory("vlpeft-clip").FullName;
        try
        {
            Write(folder);
            return ByteLevelBpeTokenizer.Clip(Path.Combine(folder, "vocab.json"), Path.Combine(folder, "merges.txt"));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public static void Write(string folder)
    {
        string[] merges = ReadMerges();
        string[] bytes = [.. Bytes()];
        string[] tokens = [.. bytes, .. bytes.Select(one => one + EndOfWord), .. merges.Select(merge => merge.Replace(" ", "", StringComparison.Ordinal)), "<|startoftext|>", "<|endoftext|>"];
        File.WriteAllText(Path.Combine(folder, "vocab.json"), JsonSerializer.Serialize(tokens.Index().ToDictionary(one => one.Item, one => one.Index)));
        File.WriteAllText(Path.Combine(folder, "merges.txt"), "#version: 0.2\n" + string.Join('\n', merges) + "\n");
    }

    private static string[] ReadMerges()
    {
        using FileStream file = File.OpenRead(SharedData.Require("vocab", "clip", "bpe_simple_vocab_16e6.txt.gz"));
        using var reader = new StreamReader(new GZipStream(file, CompressionMode.Decompress));
        return reader.ReadToEnd().Split('\n')[1..(Merges + 1)];
    }

    // Printable Latin-1 first, then a free character for each other byte.
    private static IEnumerable<string> Bytes()
    {
        bool Printable(int value) => value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
        int[] all = [.. Enumerable.Range(0, 256)];
        return all.Where(Printable).Select(value => ((char)value).ToString())
            .Concat(all.Where(value => !Printable(value)).Select((_, i) => ((char)(256 + i)).ToString()));
    }
}
