using System.Text.Json;
using VLPeft.Preprocessing;
using VLPeft.TestData;
using Xunit;

namespace VLPeft.Parity.Tests;

/// <summary>
/// Every value of roberta.json, gpt2.json and clip.json, exactly. Rows are the fixtures' kinds of text; a row's failures are listed together.
/// </summary>
[Trait("Category", "Parity")]
public sealed class BpeParityTests
{
    private static readonly Dictionary<string, JsonElement> Files =
        new[] { "roberta", "gpt2", "clip" }.ToDictionary(name => name, name => FixtureRoot.Json("tokenizers", $"{name}.json").RootElement);

    private static readonly Lazy<Dictionary<(string, bool), ByteLevelBpeTokenizer>> Tokenizers = new(LoadAll);

    public static TheoryData<string, string> Kinds()
    {
        var rows = new TheoryData<string, string>();
        foreach ((string name, JsonElement file) in Files)
        {
            foreach (string kind in Cases(file, "cases").Select(c => c.GetProperty("kind").GetString()!).Distinct())
                rows.Add(name, kind);
        }
        return rows;
    }

    public static TheoryData<string> FilesWith(string list) =>
        [.. Files.Where(file => Cases(file.Value, list).Length > 0).Select(file => file.Key)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Text_to_ids(string name, string kind)
    {
        ByteLevelBpeTokenizer plain = Tokenizer(name), prefixing = Tokenizer(name, addPrefixSpace: true);
        Check(CasesOf(name, kind), (c, failures) =>
        {
            string text = FixtureText.Read(c.GetProperty("text"));
            failures.Compare("ids", text, Ids(c.GetProperty("ids")), plain.Encode(text));
            if (c.TryGetProperty("ids_prefix_space", out JsonElement prefixed))
                failures.Compare("ids_prefix_space", text, Ids(prefixed), prefixing.Encode(text));
            if (c.TryGetProperty("max20", out JsonElement max20))
                ComparePadded(failures, "max20", plain, text, max20);
            if (c.TryGetProperty("max77", out JsonElement max77))
                ComparePadded(failures, "max77", plain, text, max77);
            if (c.TryGetProperty("caption50", out JsonElement caption50))
                ComparePadded(failures, "caption50", plain, text, caption50);
        });
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Ids_to_text(string name, string kind)
    {
        ByteLevelBpeTokenizer tokenizer = Tokenizer(name);
        Check(CasesOf(name, kind), (c, failures) => CompareDecoded(failures, tokenizer, c));
    }

    [Theory]
    [MemberData(nameof(FilesWith), "decode_raw")]
    public void Random_ids_to_text(string name)
    {
        ByteLevelBpeTokenizer tokenizer = Tokenizer(name);
        Check(Cases(Files[name], "decode_raw"), (c, failures) => CompareDecoded(failures, tokenizer, c));
    }

    [Theory]
    [MemberData(nameof(FilesWith), "pairs")]
    public void Pairs(string name)
    {
        ByteLevelBpeTokenizer tokenizer = Tokenizer(name);
        Check(Cases(Files[name], "pairs"), (c, failures) =>
        {
            string text = FixtureText.Read(c.GetProperty("text")), pair = FixtureText.Read(c.GetProperty("pair"));
            failures.Compare("ids", $"{text} + {pair}", Ids(c.GetProperty("ids")), tokenizer.EncodePair(text, pair));
            int[] expected = Ids(c.GetProperty("max20"));
            int[] cut = tokenizer.EncodePair(text, pair, expected.Length);
            int[] padding = Enumerable.Repeat(tokenizer.PadId, expected.Length - cut.Length).ToArray();
            failures.Compare("max20", $"{text} + {pair}", expected, [.. cut, .. padding]);
        });
    }

    [Theory]
    [MemberData(nameof(FilesWith), "batch_longest")]
    public void Batches_padded_to_their_longest(string name)
    {
        ByteLevelBpeTokenizer tokenizer = Tokenizer(name);
        Check(Cases(Files[name], "batch_longest"), (c, failures) =>
        {
            string[] texts = [.. c.GetProperty("texts").EnumerateArray().Select(FixtureText.Read)];
            TokenBatch batch = tokenizer.EncodeBatch(texts);
            Assert.Equal(texts.Length, batch.Rows);
            failures.Compare("input_ids", "the batch", Rows(c.GetProperty("input_ids")), batch.Ids.Select(id => (int)id).ToArray());
            failures.Compare("attention_mask", "the batch", Rows(c.GetProperty("attention_mask")),
                batch.AttentionMask.Select(m => (int)m).ToArray());
        });
    }

    private static void ComparePadded(
        FailureList failures, string field, ByteLevelBpeTokenizer tokenizer, string text, JsonElement expected)
    {
        int[] ids = Ids(expected.GetProperty("input_ids"));
        int ones = expected.GetProperty("attention_ones").GetInt32();
        TokenBatch batch = tokenizer.EncodeBatch([text], ids.Length, padToMaxLength: true);
        failures.Compare($"{field}.input_ids", text, ids, batch.Ids.Select(id => (int)id).ToArray());
        int[] mask = ids.Select((_, i) => i < ones ? 1 : 0).ToArray();
        failures.Compare($"{field} mask", text, mask, batch.AttentionMask.Select(m => (int)m).ToArray());
    }

    private static void CompareDecoded(FailureList failures, ByteLevelBpeTokenizer tokenizer, JsonElement c)
    {
        int[] ids = Ids(c.GetProperty("ids"));
        string decoded = FixtureText.Read(c.GetProperty("decoded"));
        // Fields that equal "decoded" are left out.
        string Expected(string field) => c.TryGetProperty(field, out JsonElement other) ? FixtureText.Read(other) : decoded;
        string skipped = tokenizer.Decode(ids, skipSpecialTokens: true);
        failures.Compare("decoded", ids, decoded, tokenizer.Decode(ids));
        failures.Compare("decoded_skip", ids, Expected("decoded_skip"), skipped);
        failures.Compare("decoded_skip_cleanup", ids, Expected("decoded_skip_cleanup"), DecodedText.CleanUpSpaces(skipped));
    }

    private static void Check(IEnumerable<JsonElement> cases, Action<JsonElement, FailureList> check)
    {
        var failures = new FailureList();
        foreach (JsonElement c in cases)
            check(c, failures);
        failures.AssertNone();
    }

    private static JsonElement[] CasesOf(string name, string kind) =>
        [.. Cases(Files[name], "cases").Where(c => c.GetProperty("kind").GetString() == kind)];

    private static JsonElement[] Cases(JsonElement file, string list) =>
        file.TryGetProperty(list, out JsonElement cases) ? [.. cases.EnumerateArray()] : [];

    private static int[] Ids(JsonElement ids) => [.. ids.EnumerateArray().Select(id => id.GetInt32())];

    private static int[] Rows(JsonElement rows) => [.. rows.EnumerateArray().SelectMany(Ids)];

    private static ByteLevelBpeTokenizer Tokenizer(string name, bool addPrefixSpace = false) => Tokenizers.Value[(name, addPrefixSpace)];

    private static Dictionary<(string, bool), ByteLevelBpeTokenizer> LoadAll()
    {
        var all = new Dictionary<(string, bool), ByteLevelBpeTokenizer>();
        foreach (bool prefix in new[] { false, true })
        {
            all[("roberta", prefix)] =
                ByteLevelBpeTokenizer.Roberta(Vocabulary("roberta", "vocab.json"), Vocabulary("roberta", "merges.txt"), prefix);
            all[("gpt2", prefix)] =
                ByteLevelBpeTokenizer.Gpt2(Vocabulary("gpt2", "vocab.json"), Vocabulary("gpt2", "merges.txt"), prefix);
            // CLIP has no such option, and no case of it.
            all[("clip", prefix)] = ClipVocabulary.Tokenizer();
        }
        return all;
    }

    private static string Vocabulary(string name, string file) => SharedData.Require("vocab", name, file);
}
