using System.Text.Json;
using VLPeft.Evaluation.Captions;

namespace VLPeft.Parity.Tests.Metrics;

/// <summary>A file of captions with the official evaluation's tokens and scores.</summary>
internal sealed class CaptionFixture
{
    public const double Metric = 1e-6;

    public CaptionFixture(string file)
    {
        Root = FixtureRoot.Json("metrics", file).RootElement;
        Raw = Examples(Root);
        Tokenized = Examples(Root.GetProperty("tokenized"));
    }

    /// <summary>The files that hold captions, found by their keys.</summary>
    public static IReadOnlyList<string> Files { get; } =
    [
        .. Directory.EnumerateFiles(FixtureRoot.File("metrics"), "captions_*.json").Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal),
    ];

    public JsonElement Root { get; }

    public IReadOnlyList<CaptionExample> Raw { get; }

    public IReadOnlyList<CaptionExample> Tokenized { get; }

    public static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(value => value.GetDouble())];

    private static CaptionExample[] Examples(JsonElement captions) => [.. captions.GetProperty("references").EnumerateObject().Select(image =>
        new CaptionExample(
            image.Name, captions.GetProperty("candidates").GetProperty(image.Name).GetString()!,
            [.. image.Value.EnumerateArray().Select(caption => caption.GetString()!)]))];
}
