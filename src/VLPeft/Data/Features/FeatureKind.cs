using System.IO.Hashing;
using System.Text;

namespace VLPeft.Data.Features;

/// <summary>
/// All that decides what feature a picture gets, and so what a cache holds: two kinds with one <see cref="Fingerprint"/> give the same
/// numbers for the same picture, and any difference gives another cache folder.
/// </summary>
public sealed record FeatureKind
{
    private readonly string kept = "";
    private readonly long tokens, width;

    /// <summary>The encoder's weights, by <see cref="WeightsFingerprint"/>. The number format of the computation is part of it.</summary>
    public required string Weights { get; init; }

    /// <summary>
    /// What else shapes the encoder's output under the same weights: its config.json (heads, activation, epsilon), as text or as a hash.
    /// </summary>
    public required string Configuration { get; init; }

    /// <summary>The picture's way from its file to pixels: size, filter, mean, deviation …, as text or as a hash.</summary>
    public required string Preprocessing { get; init; }

    /// <summary>What of the output is kept, e.g. "pooled" or "patches": lower-case letters, digits and dashes.</summary>
    /// <exception cref="ArgumentException">Other characters.</exception>
    public required string Kept
    {
        get => kept;
        init => kept = value.Length is > 0 and <= 40 && value.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')
            ? value
            : throw new ArgumentException($"'{value}' is no output's name: 1 to 40 lower-case letters, digits or dashes.", nameof(value));
    }

    /// <summary>V, the vectors kept for one picture: 1 when pooled.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 1.</exception>
    public required long Tokens { get => tokens; init => tokens = AtLeastOne(value); }

    /// <summary>d, the numbers of one vector.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Below 1.</exception>
    public required long Width { get => width; init => width = AtLeastOne(value); }

    /// <summary>
    /// The number format on disk. Float32 is the default: cached training then is bit-identical to training on fresh features, and pooled
    /// features are small (82,783 pictures of VQAv2 at d = 1,024: 340 MB) and read faster than any model trains (measured: 800,000 vectors
    /// of 1,024 a second on one core, two-byte ones 2,800,000). For patches (197 × 1,024: 67 GB) choose two bytes.
    /// </summary>
    public FeatureStorage Storage { get; init; }

    /// <summary>Bytes of one picture's features on disk.</summary>
    public long BytesPerImage => checked(Tokens * Width * Storage.Bytes());

    /// <summary>32 hexadecimal digits over everything above.</summary>
    public string Fingerprint
    {
        get
        {
            // Length before text, so that no two lists of texts run into one.
            string[] parts = [Weights, Configuration, Preprocessing, Kept, $"{Tokens}x{Width}", $"{Storage}"];
            string text = string.Concat(parts.Select(part => $"{part.Length}:{part}"));
            return XxHash128.HashToUInt128(Encoding.UTF8.GetBytes(text)).ToString("x32");
        }
    }

    /// <summary>The cache's folder beneath the root, e.g. <c>pooled-1x768-float32-1c6f…</c>.</summary>
    public string FolderName => $"{Kept}-{Tokens}x{Width}-{Storage.ToString().ToLowerInvariant()}-{Fingerprint}";

    /// <summary>The properties in which <paramref name="other"/> differs, as words for a message.</summary>
    internal string DifferencesFrom(FeatureKind other)
    {
        (string Name, string Mine, string Other)[] properties =
        [
            ("weights", Weights, other.Weights), ("configuration", Configuration, other.Configuration),
            ("preprocessing", Preprocessing, other.Preprocessing), ("output", Kept, other.Kept),
            ("shape", $"{Tokens}x{Width}", $"{other.Tokens}x{other.Width}"), ("number format", $"{Storage}", $"{other.Storage}"),
        ];
        return string.Join(", ", properties.Where(p => p.Mine != p.Other)
            .Select(p => $"{p.Name} ({Short(p.Mine)} against {Short(p.Other)})"));
    }

    private static string Short(string text) => text.Length <= 40 ? $"'{text}'" : $"'{text[..40]}…'";

    private static long AtLeastOne(long value)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
        return value;
    }
}
