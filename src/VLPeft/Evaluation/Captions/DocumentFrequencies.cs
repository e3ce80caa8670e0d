using System.Text.Json;
using VLPeft.Checkpoints;
using VLPeft.Data;

namespace VLPeft.Evaluation.Captions;

/// <summary>In the references of how many pictures each n-gram stands: CIDEr's idea of what is common.</summary>
public sealed class DocumentFrequencies
{
    private readonly Dictionary<NGram, int> _counts;

    private DocumentFrequencies(long images, CaptionWords words, Dictionary<NGram, int> counts) =>
        (Images, Words, _counts) = (images, words, counts);

    /// <summary>How many pictures were counted.</summary>
    public long Images { get; }

    /// <summary>The numbers of the words in the n-grams; those of captions are added to it.</summary>
    internal CaptionWords Words { get; }

    internal CiderWeights Weights => new(Images, _counts);

    /// <summary>Counts in references.</summary>
    /// <param name="references">The raw references of each picture.</param>
    public static DocumentFrequencies Of(IReadOnlyCollection<IReadOnlyList<string>> references)
    {
        CaptionExample[] examples = [.. references.Select(captions => new CaptionExample("", "", captions))];
        var words = new CaptionWords();
        NumberedExample[] numbered = NumberedExample.Of(CaptionScorer.Tokenize(examples), words.OfWhiteSpace);
        return new DocumentFrequencies(examples.Length, words, CiderWeights.Count(numbered));
    }

    /// <summary>
    /// Reads a file: either <c>{"images": 5000, "frequencies": {"a man": 1200, …}}</c>, n-grams of one to four tokens, or references in
    /// COCO's form (<see cref="CaptionReferenceFile"/>), which are counted.
    /// </summary>
    /// <exception cref="InvalidInputException">The file is missing, damaged or of another shape.</exception>
    public static DocumentFrequencies Read(string path)
    {
        using JsonDocument json = JsonFile.Parse(path);
        if (json.RootElement.ValueKind == JsonValueKind.Object)
        {
            if (json.RootElement.TryGetProperty("annotations", out _))
                return Of([.. CaptionReferenceFile.Read(path).Values]);
            if (json.RootElement.TryGetProperty("images", out JsonElement images)
                && json.RootElement.TryGetProperty("frequencies", out JsonElement frequencies))
                return Read(path, images, frequencies);
        }
        throw new InvalidInputException(
            $"{path}: expected {{\"images\": …, \"frequencies\": {{n-gram: pictures}}}}, or COCO's references " +
            "({\"annotations\": […]}) to count in.");
    }

    private static DocumentFrequencies Read(string path, JsonElement images, JsonElement frequencies)
    {
        if (images.ValueKind != JsonValueKind.Number || !images.TryGetInt64(out long all) || all < 1)
            throw new InvalidInputException($"{path}: expected a whole number from 1 as \"images\", came {images.GetRawText()}.");
        if (frequencies.ValueKind != JsonValueKind.Object)
            throw new InvalidInputException($"{path}: expected an object as \"frequencies\", came {JsonFile.Describe(frequencies)}.");
        var words = new CaptionWords();
        Dictionary<NGram, int> counts = [];
        foreach (JsonProperty entry in frequencies.EnumerateObject())
        {
            int[] gram = words.OfWhiteSpace(entry.Name);
            if (gram.Length is < 1 or > NGram.Longest)
            {
                throw new InvalidInputException(
                    $"{path}: expected n-grams of 1 to {NGram.Longest} tokens, came \"{entry.Name}\" with {gram.Length}.");
            }
            if (entry.Value.ValueKind != JsonValueKind.Number || !entry.Value.TryGetInt32(out int count) || count < 0 || count > all)
            {
                throw new InvalidInputException(
                    $"{path}: expected a whole number from 0 to {all} (\"images\") for \"{entry.Name}\", came {entry.Value.GetRawText()}.");
            }
            counts[NGram.Of(gram)] = count;
        }
        return new DocumentFrequencies(all, words, counts);
    }
}
