using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using VLPeft.Data;
using VLPeft.Data.Scenes;
using VLPeft.Preprocessing;

namespace VLPeft.Pretraining;

/// <summary>Texts to train on and others to measure on, with the tokenizer made for them.</summary>
/// <param name="Train">Training texts.</param>
/// <param name="HeldOut">Texts for the metrics.</param>
/// <param name="Tokenizer">Its vocabulary is the scenes', or that of the training texts.</param>
/// <param name="Description">Where the texts come from, in words.</param>
internal sealed record TextCorpus(string[] Train, string[] HeldOut, WordLevelTokenizer Tokenizer, string Description)
{
    private const int MostHeldOut = 2_000;

    /// <summary>Changes with any training text; of the order, too.</summary>
    public string Fingerprint { get; } =
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', Train))))[..16];

    public static TextCorpus Of(TextPretrainingOptions options) => options.Source switch
    {
        TextSource.Lines => FromFile(options, ReadLines(options.File!)),
        TextSource.Captions => FromFile(options, [.. CocoCaptionReader.Read(options.File!).SelectMany(picture => picture.Captions)]),
        TextSource.Questions => FromFile(options, ReadQuestions(options.File!)),
        _ => Generated(options),
    };

    /// <summary>Generated texts of a seed that no training uses; some may be among the training texts.</summary>
    public static string[] HeldOutScenes(int count, long seed) =>
        ScenePretrainingData.Texts(count, DeterministicRandom.Mix((ulong)seed, 1));

    /// <summary>Generated captions of a seed that no training uses; some may be among the training captions.</summary>
    public static string[] HeldOutCaptions(int count, long seed) =>
        ScenePretrainingData.Captions(count, DeterministicRandom.Mix((ulong)seed, 1));

    private static TextCorpus Generated(TextPretrainingOptions options)
    {
        int count = Math.Clamp(options.Texts / 10, 1, MostHeldOut);
        if (options.Architecture == TextArchitecture.Gpt2)
            return GeneratedCaptions(options, count);
        if (options.Architecture == TextArchitecture.Bart)
            return GeneratedTasks(options, count);
        string[] train = ScenePretrainingData.Texts(options.Texts, (ulong)options.Seed);
        string[] heldOut = NotAmong(train, HeldOutScenes(count, options.Seed));
        return new TextCorpus(train, heldOut, WordLevelTokenizer.Build(SceneVocabulary.Words), string.Create(CultureInfo.InvariantCulture,
            $"{options.Texts} generated questions and captions of drawn scenes, held out: {heldOut.Length} of another seed that are not among them"));
    }

    private static TextCorpus GeneratedCaptions(TextPretrainingOptions options, int count)
    {
        string[] train = ScenePretrainingData.Captions(options.Texts, (ulong)options.Seed);
        string[] heldOut = NotAmong(train, HeldOutCaptions(count, options.Seed));
        return new TextCorpus(train, heldOut, WordLevelTokenizer.BuildCausal(SceneVocabulary.Words), string.Create(CultureInfo.InvariantCulture,
            $"{options.Texts} generated captions of drawn scenes, held out: {heldOut.Length} of another seed that are not among them"));
    }

    private static TextCorpus GeneratedTasks(TextPretrainingOptions options, int count)
    {
        string[] train = ScenePretrainingData.MultitaskTexts(options.Texts, (ulong)options.Seed);
        string[] heldOut = NotAmong(train, ScenePretrainingData.MultitaskTexts(count, DeterministicRandom.Mix((ulong)options.Seed, 1)));
        WordLevelTokenizer tokenizer = WordLevelTokenizer.BuildMultimodal(SceneVocabulary.MultitaskWords, TextPretrainingOptions.Objects);
        return new TextCorpus(train, heldOut, tokenizer, string.Create(CultureInfo.InvariantCulture,
            $"{options.Texts} generated questions, statements and captions of drawn scenes, held out: {heldOut.Length} of another seed that are not among them"));
    }

    // Short questions recur: there are only so many.
    private static string[] NotAmong(string[] train, string[] texts)
    {
        var seen = train.ToHashSet(StringComparer.Ordinal);
        return [.. texts.Where(text => !seen.Contains(text))];
    }

    private static TextCorpus FromFile(TextPretrainingOptions options, List<string> texts)
    {
        string[] different = [.. texts.Distinct(StringComparer.Ordinal)];
        if (different.Length < 2)
        {
            throw new InvalidInputException(
                $"{options.File}: expected two different texts or more, one to train on and one to measure on, found {different.Length}.");
        }
        DeterministicRandom.ForStream((ulong)options.Seed).Shuffle<string>(different);
        string[] heldOut = different[..Math.Clamp(different.Length / 20, 1, MostHeldOut)];
        var apart = heldOut.ToHashSet(StringComparer.Ordinal);
        string[] train = [.. texts.Where(text => !apart.Contains(text))];
        WordLevelTokenizer tokenizer = options.Architecture switch
        {
            TextArchitecture.Gpt2 => WordLevelTokenizer.BuildCausal(train, options.MinimumCount),
            TextArchitecture.Bart => WordLevelTokenizer.BuildMultimodal(train, TextPretrainingOptions.Objects, options.MinimumCount),
            _ => WordLevelTokenizer.Build(train, options.MinimumCount),
        };
        return new TextCorpus(train, heldOut, tokenizer,
            string.Create(CultureInfo.InvariantCulture,
                $"{Path.GetFileName(options.File)}: {train.Length} texts, held out: {heldOut.Length} that are not among them"));
    }

    private static List<string> ReadLines(string path)
    {
        try
        {
            var strict = new UTF8Encoding(false, throwOnInvalidBytes: true);
            return [.. File.ReadLines(path, strict).Select(line => line.Trim()).Where(line => line.Length > 0)];
        }
        catch (DecoderFallbackException error)
        {
            throw new InvalidInputException($"{path}: expected UTF-8 text, one text a line, which it is not: {error.Message}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"{path}: {(File.Exists(path) ? $"can't be read: {error.Message}" : "no such file.")}", error);
        }
    }

    private static List<string> ReadQuestions(string path)
    {
        if (!JsonRecords.BeginsWithArray(path)) // easy-VQA's file is an array, VQAv2's an object
            return [.. VqaV2Reader.Read(path).Select(example => example.Question)];
        var pool = new TextPool();
        List<string> questions = [];
        JsonRecords.ForEach(path, null, "question", (ref record, where) =>
        {
            record.Read();
            where.Expect(in record, JsonTokenType.StartArray, "[question, answer, picture id]");
            questions.Add(where.Text(ref record, "question", pool));
            while (record.Read() && record.TokenType != JsonTokenType.EndArray)
                record.Skip();
        });
        return questions;
    }
}
