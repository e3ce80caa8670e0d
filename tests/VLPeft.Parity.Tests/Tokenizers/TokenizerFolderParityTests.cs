using System.Text.Json;
using System.Text.Json.Nodes;
using VLPeft.Preprocessing;
using VLPeft.TestData;
using Xunit;

namespace VLPeft.Parity.Tests;

/// <summary>A folder opened as a whole gives the same ids, whichever of its forms the tokenizer has.</summary>
[Trait("Category", "Parity")]
public sealed class TokenizerFolderParityTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("vlpeft-tokenizer").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("roberta")]
    [InlineData("gpt2")]
    public void Vocabulary_and_merges_alone_are_told_apart(string name) =>
        Check(name, Tokenizers.FromFolder(SharedData.Require("vocab", name)));

    [Theory]
    [InlineData("roberta", true)]
    [InlineData("roberta", false)]
    [InlineData("gpt2", true)]
    [InlineData("gpt2", false)]
    public void Tokenizer_json_as_the_hub_has_it(string name, bool mergesAsPairs)
    {
        WriteTokenizerJson(name, mergesAsPairs);
        Check(name, Tokenizers.FromFolder(folder));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("config.json", """{ "model_type": "clip" }""")]
    [InlineData("tokenizer_config.json", """{ "tokenizer_class": "CLIPTokenizer", "pad_token": "<|endoftext|>" }""")]
    public void Vocabulary_and_merges_of_CLIP(string? file, string content = "")
    {
        ClipVocabulary.Write(folder);
        if (file is not null)
            File.WriteAllText(Path.Combine(folder, file), content);
        Check("clip", Tokenizers.FromFolder(folder));
    }

    [Fact]
    public void Tokenizer_json_of_CLIP()
    {
        ClipVocabulary.Write(folder);
        JsonNode vocabulary = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "vocab.json")))!;
        string[] merges = File.ReadAllLines(Path.Combine(folder, "merges.txt"))[1..];
        JsonObject Step(string type, string? key = null, JsonNode? value = null) => key is null ? new() { ["type"] = type } : new() { ["type"] = type, [key] = value };
        JsonNode Regex(string pattern) => new JsonObject { ["Regex"] = pattern };
        var json = new JsonObject
        {
            ["added_tokens"] = new JsonArray([.. new[] { "<|startoftext|>", "<|endoftext|>" }.Select(token => new JsonObject
            {
                ["id"] = (int)vocabulary[token]!, ["special"] = true, ["content"] = token, ["normalized"] = true,
            })]),
            ["normalizer"] = Step("Sequence", "normalizers", new JsonArray(Step("NFC"), Step("Replace", "pattern", Regex(@"\s+")), Step("Lowercase"))),
            ["pre_tokenizer"] = Step("Sequence", "pretokenizers", new JsonArray(
                Step("Split", "pattern", Regex(@"'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")), Step("ByteLevel", "add_prefix_space", false))),
            ["post_processor"] = new JsonObject
            {
                ["type"] = "RobertaProcessing", ["sep"] = new JsonArray("<|endoftext|>", 49407), ["cls"] = new JsonArray("<|startoftext|>", 49406),
            },
            ["decoder"] = Step("ByteLevel"),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE", ["unk_token"] = "<|endoftext|>", ["continuing_subword_prefix"] = "", ["end_of_word_suffix"] = "</w>",
                ["vocab"] = vocabulary, ["merges"] = new JsonArray([.. merges.Select(merge => (JsonNode)merge)]),
            },
        };
        Directory.EnumerateFiles(folder).ToList().ForEach(File.Delete);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), json.ToJsonString());
        Check("clip", Tokenizers.FromFolder(folder));
    }

    private static void Check(string name, ITextTokenizer tokenizer)
    {
        using JsonDocument fixture = FixtureRoot.Json("tokenizers", $"{name}.json");
        var failures = new FailureList();
        foreach (JsonElement c in fixture.RootElement.GetProperty("cases").EnumerateArray())
        {
            string text = FixtureText.Read(c.GetProperty("text"));
            int[] ids = [.. c.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            failures.Compare("ids", text, ids, tokenizer.Encode(text));
            failures.Compare("decoded", ids, FixtureText.Read(c.GetProperty("decoded")), tokenizer.Decode(ids));
        }
        failures.AssertNone();
    }

    private void WriteTokenizerJson(string name, bool mergesAsPairs)
    {
        JsonNode vocabulary = JsonNode.Parse(File.ReadAllText(SharedData.Require("vocab", name, "vocab.json")))!;
        string[] merges = File.ReadAllLines(SharedData.Require("vocab", name, "merges.txt"))[1..];
        bool roberta = name == "roberta";
        string[] special = roberta ? ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] : ["<|endoftext|>"];
        JsonArray added = [.. special.Select(token => new JsonObject
        {
            ["id"] = (int)vocabulary[token]!, ["special"] = true, ["content"] = token, ["single_word"] = false,
            ["lstrip"] = token == "<mask>", ["rstrip"] = false, ["normalized"] = token != "<mask>",
        })];
        JsonObject postProcessor = roberta
            ? new() { ["type"] = "RobertaProcessing", ["sep"] = new JsonArray("</s>", 2), ["cls"] = new JsonArray("<s>", 0) }
            : new() { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = false };
        var model = new JsonObject
        {
            ["dropout"] = null,
            ["unk_token"] = null,
            ["continuing_subword_prefix"] = "",
            ["end_of_word_suffix"] = "",
            ["fuse_unk"] = false,
            ["vocab"] = vocabulary,
            ["merges"] = new JsonArray([.. merges.Select(merge => mergesAsPairs ? Pair(merge) : (JsonNode)merge)]),
        };
        // Files of 2020, with merges as strings, do not name the model's type.
        if (mergesAsPairs)
            model["type"] = "BPE";
        var root = new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = added,
            ["normalizer"] = null,
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true },
            ["post_processor"] = postProcessor,
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel" },
            ["model"] = model,
        };
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), root.ToJsonString());
    }

    private static JsonArray Pair(string merge) => [.. merge.Split(' ').Select(side => (JsonNode)side)];
}
