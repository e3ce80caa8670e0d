namespace VLPeft.Preprocessing;

/// <summary>
/// The special tokens that a model folder names (<c>special_tokens_map.json</c>, <c>tokenizer_config.json</c>) by their role.
/// </summary>
internal sealed record SpecialTokenNames
{
    public static SpecialTokenNames None { get; } = new();

    public string? Bos { get; init; }
    public string? Eos { get; init; }
    public string? Unk { get; init; }
    public string? Pad { get; init; }
    public string? Mask { get; init; }
    public string? Cls { get; init; }
    public string? Sep { get; init; }

    /// <summary>The map's names go before the configuration's, as in transformers.</summary>
    public static SpecialTokenNames Read(JsonEntry? map, JsonEntry? configuration)
    {
        string? Name(string key) => NameIn(map, key) ?? NameIn(configuration, key);
        return new SpecialTokenNames
        {
            Bos = Name("bos_token"),
            Eos = Name("eos_token"),
            Unk = Name("unk_token"),
            Pad = Name("pad_token"),
            Mask = Name("mask_token"),
            Cls = Name("cls_token"),
            Sep = Name("sep_token"),
        };
    }

    /// <summary>A name stands as a string or as an added token's object.</summary>
    private static string? NameIn(JsonEntry? file, string key) => file?.Find(key) switch
    {
        null => null,
        { IsObject: true } token => token.Get("content").Text(),
        { } token => token.Text(),
    };
}
