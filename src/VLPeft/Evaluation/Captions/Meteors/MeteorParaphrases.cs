using System.IO.Compression;

namespace VLPeft.Evaluation.Captions.Meteors;

/// <summary>
/// The part of METEOR's paraphrase table that some texts can use. The whole has five million entries, so each use reads the file and keeps
/// those whose words all occur.
/// </summary>
internal sealed class MeteorParaphrases
{
    private readonly Node _root = new();

    /// <exception cref="InvalidInputException">The file can't be read or is no table.</exception>
    public MeteorParaphrases(string path, MeteorLexicon lexicon)
    {
        try
        {
            using var reader = new StreamReader(new GZipStream(File.OpenRead(path), CompressionMode.Decompress));
            for (long line = 0; reader.ReadLine() is not null; line += 3)
            {
                if (reader.ReadLine() is not string phrase || reader.ReadLine() is not string paraphrase)
                    throw new InvalidInputException($"{path}: expected three lines an entry (probability, phrase, paraphrase), but it ends within the entry at line {line + 1}.");
                if (lexicon.NumbersOf(phrase) is int[] words && lexicon.NumbersOf(paraphrase) is int[] others)
                    Add(words, others);
            }
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path}: can't be read as a gzip file: {e.Message}", e);
        }
    }

    /// <summary>The phrases that start at a word and have paraphrases, shorter ones first.</summary>
    public IEnumerable<(int Length, IReadOnlyList<int[]> Paraphrases)> At(MeteorWord[] words, int start)
    {
        Node? node = _root;
        for (int i = start; i < words.Length && node.Next.TryGetValue(words[i].Number, out node); i++)
        {
            if (node.Paraphrases.Count > 0)
                yield return (i + 1 - start, node.Paraphrases);
        }
    }

    private void Add(int[] phrase, int[] paraphrase)
    {
        Node node = _root;
        foreach (int word in phrase)
        {
            if (!node.Next.TryGetValue(word, out Node? next))
                node.Next.Add(word, next = new Node());
            node = next;
        }
        node.Paraphrases.Add(paraphrase);
    }

    private sealed class Node
    {
        public Dictionary<int, Node> Next { get; } = [];

        public List<int[]> Paraphrases { get; } = [];
    }
}
