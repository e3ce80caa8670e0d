using System.Diagnostics;
using VLPeft.Evaluation.Captions;

namespace VLPeft.Benchmarks;

/// <summary>The official caption evaluation of a large set, tokens included, on all cores.</summary>
internal static class CaptionScoring
{
    private const int Pictures = 40_000;
    private const int References = 5;
    private const int RareWords = 20_000;

    private static readonly string[] Common =
    [
        "a", "the", "man", "woman", "dog", "on", "in", "of", "with", "and", "street", "red", "small", "riding", "sitting", "holding", "table",
        "is", "two", "people", "white", "standing", "next", "to", "train", "cat", "down", "field", "snow", "large", "group", "plate", "food",
    ];

    public static void Run()
    {
        CaptionExample[] examples = Make(new Random(1));
        CaptionScorer.Score(examples.AsSpan(0, 1000).ToArray());
        long start = Stopwatch.GetTimestamp();
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        CaptionScorer.Score(examples);
        Console.WriteLine(
            $"  {Pictures:N0} captions with {References} references each: {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s, " +
            $"{(Environment.CpuUsage.TotalTime - cpu).TotalSeconds:F1} s of CPU");
    }

    private static CaptionExample[] Make(Random random) =>
    [
        .. Enumerable.Range(0, Pictures).Select(i => new CaptionExample(
            $"{i}", Caption(random), [.. Enumerable.Range(0, References).Select(_ => Caption(random))])),
    ];

    // Ten and a half words in the mean, as in COCO, one in eight of them rare.
    private static string Caption(Random random) =>
        string.Join(' ', Enumerable.Range(0, random.Next(8, 14)).Select(_ => Word(random))) + ".";

    private static string Word(Random random) =>
        random.Next(8) == 0 ? $"rare{random.Next(RareWords)}" : Common[random.Next(Common.Length)];
}
