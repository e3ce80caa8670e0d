using System.Text.Json;
using System.Text.Json.Nodes;
using VLPeft.Preprocessing;

namespace VLPeft.Tests.Preprocessing;

/// <summary>A temporary model folder with a small tokenizer: all bytes, a few merges.</summary>
internal sealed class TokenizerFolder : IDisposable
{
    public static readonly string[] Merges = ["Ġ c", "a t", "Ġc at", "r e", "re d"];
    public static readonly string[] RobertaSpecials = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"];

    public string Folder { get; } = Directory.CreateTempSubdirectory("vlpeft-tokenizer").FullName;

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    public string PathOf(string name) => Path.Combine(Folder, name);

    public TokenizerFolder Write(string name, string text)
    {
        File.WriteAllText(PathOf(name), text);
        return this;
    }

    public TokenizerFolder Write(string name, JsonNode json) => Write(name, json.ToJsonString());

    public ITextTokenizer Open() => Tokenizers.FromFolder(Folder);

    /// <summary>A vocab.json of special tokens, the 256 byte characters and the merged tokens, and its merges.txt.</summary>
    public TokenizerFolder WithBpe(params string[] specials) =>
        Write("vocab.json", BpeVocabulary(specials)).Write("merges.txt", MergesText(Merges));

    public static string MergesText(params string[] merges) => $"#version: 0.2\n{string.Join('\n', merges)}\n";

    public static JsonObject BpeVocabulary(params string[] specials)
    {
        var vocabulary = new JsonObject();
        string[] merged = [.. Merges.Select(merge => merge.Replace(" ", "", StringComparison.Ordinal))];
        foreach (string token in (string[])[.. specials, .. ByteCharacters(), .. merged])
            vocabulary[token] = vocabulary.Count;
        return vocabulary;
    }

    public static JsonObject BpeTokenizerJson() => new()
    {
        ["added_tokens"] = Added(RobertaSpecials),
        ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false },
        ["post_processor"] = JsonNode.Parse("""{"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0]}"""),
        ["model"] = new JsonObject
        {
            ["type"] = "BPE",
            ["vocab"] = BpeVocabulary(RobertaSpecials),
            ["merges"] = new JsonArray([.. Merges.Select(m => (JsonNode)m)]),
        },
    };

    /// <summary>Special tokens with the ids from 0 on; a mask swallows the space before it.</summary>
    public static JsonArray Added(params string[] tokens) =>
    [
        .. tokens.Select((token, id) => new JsonObject
        {
            ["id"] = id, ["content"] = token, ["special"] = true, ["lstrip"] = token == "<mask>", ["normalized"] = false,
        }),
    ];

    public static JsonObject Ids(params string[] tokens) => new(tokens.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)id)));

    // 188 printable bytes stand for themselves, the other 68 have the characters from U+0100 on.
    private static IEnumerable<string> ByteCharacters() => Enumerable.Range(0, 256 + 68)
        .Where(c => c is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF) or >= 256).Select(c => $"{(char)c}");
}
