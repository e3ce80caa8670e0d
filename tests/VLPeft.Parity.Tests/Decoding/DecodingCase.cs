using System.Text.Json;
using VLPeft.Generation;
using Xunit;

namespace VLPeft.Parity.Tests.Decoding;

/// <summary>One case of a file of fixtures/decoding: generate's options, and the sequences and scores that transformers gave.</summary>
internal sealed class DecodingCase(JsonElement entry)
{
    public static int Count(string file)
    {
        using JsonDocument document = FixtureRoot.Json("decoding", file);
        return document.RootElement.GetProperty("cases").GetArrayLength();
    }

    public static DecodingCase Read(string file, int number)
    {
        using JsonDocument document = FixtureRoot.Json("decoding", file);
        return new DecodingCase(document.RootElement.GetProperty("cases")[number].Clone());
    }

    public long[][]? Prompts => Settings.TryGetProperty("prompt", out JsonElement prompt) ? Sequences(prompt) : null;

    /// <param name="startId">The model's start token, where the options name none; likewise the end token.</param>
    /// <param name="endId">The model's end token.</param>
    public GenerationOptions Options(long startId, long endId) => new()
    {
        StartId = Id("decoder_start_token_id") ?? Id("bos_token_id") ?? startId,
        EndId = Id("eos_token_id") ?? endId,
        MaxLength = Settings.GetProperty("max_length").GetInt32(),
        MinLength = Number("min_length", 0),
        Beams = Number("num_beams", 1),
        ReturnedSequences = Number("num_return_sequences", 1),
        LengthPenalty = Settings.TryGetProperty("length_penalty", out JsonElement penalty) ? penalty.GetDouble() : 1,
        EarlyStopping = !Settings.TryGetProperty("early_stopping", out JsonElement early) ? EarlyStopping.Heuristic : early.ValueKind switch
        {
            JsonValueKind.True => EarlyStopping.Immediately,
            JsonValueKind.False => EarlyStopping.Heuristic,
            _ => EarlyStopping.Never,
        },
        NoRepeatNgram = Number("no_repeat_ngram_size", 0),
        RepetitionPenalty = Settings.TryGetProperty("repetition_penalty", out JsonElement repetition) ? repetition.GetDouble() : 1,
        ForcedFirstId = Id("forced_bos_token_id"),
        ForcedLastId = Id("forced_eos_token_id"),
    };

    /// <summary>Sequences exactly, with their end and padding; scores to 1e-4 (relative above 1: a length penalty of −1 makes some of them 800).</summary>
    public void AssertEqual(IReadOnlyList<IReadOnlyList<GeneratedSequence>> found, GenerationOptions options, long padId)
    {
        long[][] prompts = Prompts ?? [.. found.Select(_ => new[] { options.StartId })];
        GeneratedSequence[] all = [.. found.SelectMany(image => image)];
        long[][] own = [.. all.Select((one, i) => (long[])[.. prompts[i / options.ReturnedSequences], .. one.Tokens, .. one.Ended ? [options.EndId!.Value] : Array.Empty<long>()])];
        // Beam search leaves room for an end token behind the longest sequence, whether or not it ended.
        int length = Math.Min(own.Max(one => one.Length), options.MaxLength);
        Assert.Equal(
            Sequences(entry.GetProperty("sequences")),
            own.Select(one => (long[])[.. one, .. Enumerable.Repeat(padId, length - one.Length)]));
        if (entry.GetProperty("scores") is { ValueKind: JsonValueKind.Array } scores)
            foreach ((JsonElement expected, GeneratedSequence one) in scores.EnumerateArray().Zip(all))
                Assert.InRange(Math.Abs(one.Score - expected.GetDouble()), 0, Tolerance.Model * Math.Max(1, Math.Abs(expected.GetDouble())));
    }

    private JsonElement Settings => entry.GetProperty("options");

    private int Number(string key, int otherwise) => Settings.TryGetProperty(key, out JsonElement value) ? value.GetInt32() : otherwise;

    private long? Id(string key) => Settings.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetInt64() : null;

    private static long[][] Sequences(JsonElement rows) =>
        [.. rows.EnumerateArray().Select(row => row.EnumerateArray().Select(token => token.GetInt64()).ToArray())];
}
