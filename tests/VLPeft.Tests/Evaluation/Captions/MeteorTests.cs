using System.IO.Compression;
using VLPeft.Evaluation.Captions;
using Xunit;

namespace VLPeft.Tests.Evaluation.Captions;

/// <summary>METEOR with a few words of data made here; the official data are compared in the parity tests.</summary>
public sealed class MeteorTests : IDisposable
{
    private static readonly Dictionary<string, string> Entries = new()
    {
        ["function/english.words"] = "the\na\non\n",
        ["nonbreaking/english.prefixes"] = "# comment\nMr\nNo #NUMERIC_ONLY#\n",
        ["synonym/english.synsets"] = "dog\n1 2\nhound\n2\nman\n5\n",
        ["synonym/english.exceptions"] = "man\nmen\n",
    };

    private const string Paraphrases = "0.5\nlarge\nvery big\n";

    private readonly TemporaryFolder _temporary = new();

    public MeteorTests() => Write(Entries, Paraphrases);

    public void Dispose() => _temporary.Dispose();

    [Theory]
    [InlineData("dog", "dog", 1)]
    [InlineData("running", "runs", 0.6)] // stems
    [InlineData("hounds", "dog", 0.8)] // synonyms
    [InlineData("men", "man", 0.8)]
    [InlineData("large", "very big", 0.6)] // paraphrases
    [InlineData("cat", "dog", 0)]
    [InlineData("", "dog", 0)]
    [InlineData("dog", "", 0)]
    [InlineData("", "", 0)]
    public void OnePerfectChunkScoresItsWeight(string candidate, string reference, double score)
    {
        CaptionMetric meteor = Meteor.Open(_temporary.Path).Score([new CaptionExample("1", candidate, [reference])]);
        Assert.Equal(score, meteor.PerImage[0], 1e-12);
    }

    [Fact]
    public void ContentWordsCountMoreThanFunctionWordsAndTheBestReferenceIsTaken()
    {
        // P = R = 0.75 / (0.75 + 0.25), one chunk of two matched words on either side but not all words
        double expected = 0.75 * (1 - 0.6 * Math.Pow(1, 0.2));
        CaptionMetric meteor = Meteor.Open(_temporary.Path).Score([new CaptionExample("1", "the dog", ["nothing here", "a dog"])]);
        Assert.Equal(expected, meteor.PerImage[0], 1e-12);
    }

    [Fact]
    public void TheScoreOfASetIsThatOfTheSums()
    {
        CaptionMetric meteor = Meteor.Open(_temporary.Path).Score([new CaptionExample("1", "dog man", ["dog man"]), new CaptionExample("2", "dog x", ["dog y"])]);
        // 3 of 4 words; the chunk of the first, which is perfect, does not count
        Assert.Equal(0.75 * (1 - 0.6 * Math.Pow(1 / 3.0, 0.2)), meteor.Score, 1e-12);
        Assert.Equal(1, meteor.PerImage[0], 1e-12);
    }

    [Fact]
    public void ALongCaptionIsScored()
    {
        string text = string.Concat(Enumerable.Repeat("a dog on the man , ", 20_000));
        CaptionMetric meteor = Meteor.Open(_temporary.Path).Score([new CaptionExample("1", text, ["a dog on a man", "the hound"])]);
        Assert.InRange(meteor.Score, 1e-9, 1e-1);
    }

    [Theory]
    [InlineData("meteor-1.5.jar", "missing is meteor-1.5.jar")]
    [InlineData("data/paraphrase-en.gz", "missing is data/paraphrase-en.gz")]
    public void AMissingFileIsNamed(string file, string words)
    {
        File.Delete(Path.Combine(_temporary.Path, file));
        Refused(words);
    }

    [Theory]
    [InlineData("function/english.words")]
    [InlineData("nonbreaking/english.prefixes")]
    [InlineData("synonym/english.synsets")]
    [InlineData("synonym/english.exceptions")]
    public void AMissingEntryIsNamed(string entry)
    {
        Write(Entries.Where(pair => pair.Key != entry).ToDictionary(), Paraphrases);
        Refused(entry);
    }

    [Fact]
    public void DamagedFilesAreNamed()
    {
        Write(new Dictionary<string, string>(Entries) { ["synonym/english.synsets"] = "dog\none two\n" }, Paraphrases);
        Refused("meteor-1.5.jar");
        Write(Entries, "0.5\nlarge\n");
        Refused("paraphrase-en.gz", "three lines");
        File.WriteAllText(Path.Combine(_temporary.Path, "data", "paraphrase-en.gz"), "no gzip file");
        Refused("paraphrase-en.gz", "gzip");
        File.WriteAllText(Path.Combine(_temporary.Path, "meteor-1.5.jar"), "no zip file");
        Refused("meteor-1.5.jar");
    }

    private void Refused(params string[] words)
    {
        var error = Assert.Throws<InvalidInputException>(() => Meteor.Open(_temporary.Path).Score([new CaptionExample("1", "dog", ["dog"])]));
        Assert.All(words, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
    }

    private void Write(Dictionary<string, string> entries, string paraphrases)
    {
        string jar = Path.Combine(_temporary.Path, "meteor-1.5.jar");
        File.Delete(jar);
        using (ZipArchive archive = ZipFile.Open(jar, ZipArchiveMode.Create))
        {
            foreach ((string name, string text) in entries)
            {
                using var writer = new StreamWriter(archive.CreateEntry(name).Open());
                writer.Write(text);
            }
        }
        Directory.CreateDirectory(Path.Combine(_temporary.Path, "data"));
        using var table = new StreamWriter(new GZipStream(File.Create(Path.Combine(_temporary.Path, "data", "paraphrase-en.gz")), CompressionLevel.Fastest));
        table.Write(paraphrases);
    }
}
