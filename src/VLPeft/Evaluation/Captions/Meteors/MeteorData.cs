using System.IO.Compression;

namespace VLPeft.Evaluation.Captions.Meteors;

/// <summary>The English data of the official <c>meteor-1.5.jar</c>, and the paraphrase table beside it.</summary>
internal sealed class MeteorData
{
    private const string Jar = "meteor-1.5.jar";
    private const string Table = "paraphrase-en.gz";

    private readonly HashSet<string> _functionWords;

    private MeteorData(ZipArchive jar, string jarPath, string paraphrases)
    {
        _functionWords = [.. Lines(jar, jarPath, "function/english.words").Select(line => line.Trim())];
        Synonyms = new MeteorSynonyms(Lines(jar, jarPath, "synonym/english.synsets"), Lines(jar, jarPath, "synonym/english.exceptions"));
        Normalizer = ReadNormalizer(Lines(jar, jarPath, "nonbreaking/english.prefixes"));
        Paraphrases = paraphrases;
    }

    public MeteorSynonyms Synonyms { get; }

    public MeteorNormalizer Normalizer { get; }

    /// <summary>The table's path.</summary>
    public string Paraphrases { get; }

    public bool IsFunctionWord(string word) => _functionWords.Contains(word);

    /// <summary>Reads a folder that holds <c>meteor-1.5.jar</c> and <c>data/paraphrase-en.gz</c> (or the table beside the jar).</summary>
    /// <exception cref="InvalidInputException">One of them is missing or not what it should be.</exception>
    public static MeteorData Open(string folder)
    {
        string jar = Path.Combine(folder, Jar);
        string beside = Path.Combine(folder, Table), inData = Path.Combine(folder, "data", Table);
        string? table = File.Exists(inData) ? inData : File.Exists(beside) ? beside : null;
        if (!File.Exists(jar) || table is null)
        {
            throw new InvalidInputException(
                $"{folder}: expected METEOR's data, {Jar} and data/{Table}; missing is {(File.Exists(jar) ? $"data/{Table}" : Jar)}.");
        }
        try
        {
            using ZipArchive archive = ZipFile.OpenRead(jar);
            return new MeteorData(archive, jar, table);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException or FormatException or OverflowException)
        {
            throw new InvalidInputException($"{jar}: can't be read as METEOR's jar: {e.Message}", e);
        }
    }

    private static MeteorNormalizer ReadNormalizer(IEnumerable<string> lines)
    {
        const string Numeric = "#NUMERIC_ONLY#";
        string[] entries = [.. lines.Where(line => line.Length > 0 && line[0] != '#')];
        return new MeteorNormalizer(
            entries.Where(line => !line.Contains(Numeric, StringComparison.Ordinal)).Select(line => line.Trim()).ToHashSet(StringComparer.Ordinal),
            entries.Where(line => line.Contains(Numeric, StringComparison.Ordinal)).Select(line => line[..line.IndexOf('#')].Trim())
                .ToHashSet(StringComparer.Ordinal));
    }

    private static List<string> Lines(ZipArchive jar, string path, string name)
    {
        ZipArchiveEntry entry = jar.GetEntry(name) ?? throw new InvalidInputException($"{path}: expected the entry {name}, which is missing.");
        using var reader = new StreamReader(entry.Open());
        List<string> lines = [];
        while (reader.ReadLine() is string line)
            lines.Add(line);
        return lines;
    }
}
