namespace VLPeft.Preprocessing;

/// <summary>
/// Reads Hugging Face's <c>tokenizer.json</c>. Its truncation and padding are not obeyed: how long a sequence is, is the recipe's
/// matter. What this reader does not know is an error, never passed over.
/// </summary>
internal sealed class TokenizerJson
{
    private readonly JsonEntry root;
    private readonly JsonEntry? configuration;
    private readonly SpecialTokenNames names;
    private readonly JsonEntry model;
    private readonly TokenVocabulary vocabulary;
    private readonly List<AddedToken> added;

    private TokenizerJson(JsonEntry root, JsonEntry? configuration, SpecialTokenNames names)
    {
        this.root = root;
        this.configuration = configuration;
        this.names = names;
        model = root.Get("model");
        vocabulary = new TokenVocabulary(root.File, model.Get("vocab").TokenIds());
        added = [.. root.Find("added_tokens")?.Items().Select(ReadAdded) ?? []];
        AddNamed();
    }

    /// <param name="file">The path of the file.</param>
    /// <param name="configuration">The folder's tokenizer_config.json, whose settings go before the file's.</param>
    /// <param name="names">The special tokens that the folder names.</param>
    /// <exception cref="InvalidInputException">The file is malformed, contradictory, or of a kind that is not supported.</exception>
    public static ITextTokenizer Read(string file, JsonEntry? configuration, SpecialTokenNames names)
    {
        JsonEntry root = JsonEntry.Load(file);
        string kind = ModelKind(root.Get("model"));
        return kind switch
        {
            "BPE" => new TokenizerJson(root, configuration, names).Bpe(),
            "WordPiece" => new TokenizerJson(root, configuration, names).WordPiece(),
            "WordLevel" => new TokenizerJson(root, configuration, names).WordLevel(),
            _ => throw root.Get("model").Get("type").Expected("BPE, WordPiece or WordLevel, the models that are supported"),
        };
    }

    // Files of 2020 do not name their model's type.
    private static string ModelKind(JsonEntry model) => model.Find("type")?.Text()
        ?? (model.Find("merges") is not null ? "BPE" : model.Find("max_input_chars_per_word") is not null ? "WordPiece" : "WordLevel");

    private ByteLevelBpeTokenizer Bpe()
    {
        if (model.Find("end_of_word_suffix")?.Text() == ClipBpeModel.EndOfWord)
            return Clip();
        RequireAbsent(root, "normalizer");
        JsonEntry preTokenizer = Typed(root.Get("pre_tokenizer"), "ByteLevel");
        if (preTokenizer.Find("use_regex") is { } pattern && !pattern.Bool())
            throw pattern.Expected("true, splitting by GPT-2's pattern,");
        if (root.Find("decoder") is { } decoder)
            Typed(decoder, "ByteLevel");
        RequireAbsent(model, "dropout");
        RequireAbsent(model, "continuing_subword_prefix");
        RequireAbsent(model, "end_of_word_suffix");
        RequireAbsent(model, "byte_fallback");
        RequireAbsent(model, "ignore_merges");
        JsonEntry merges = model.Get("merges");
        var settings = new BpeSettings(
            (configuration?.Find("add_prefix_space") ?? preTokenizer.Find("add_prefix_space"))?.Bool() ?? false,
            model.Find("unk_token")?.Text(),
            model.Find("fuse_unk")?.Bool() ?? false);
        return new ByteLevelBpeTokenizer(
            vocabulary, new MergeList(root.File, [.. merges.Items().Select(ReadMerge)], 0), settings, added, Template(), Pad(), Mask());
    }

    // The steps that make CLIP's normalizer and pre-tokenizer, by their kinds; the pattern is told by its contractions and single digits.
    private ByteLevelBpeTokenizer Clip()
    {
        RequireSteps(root.Get("normalizer"), "normalizers", "NFC", "Replace", "Lowercase");
        JsonEntry[] cuts = RequireSteps(root.Get("pre_tokenizer"), "pretokenizers", "Split", "ByteLevel");
        JsonEntry pattern = cuts[0].Get("pattern").Get("Regex");
        if (!pattern.Text().Replace("[\\p{L}]", "\\p{L}", StringComparison.Ordinal).Replace("[\\p{N}]", "\\p{N}", StringComparison.Ordinal)
            .EndsWith("'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^\\s\\p{L}\\p{N}]+", StringComparison.Ordinal))
            throw pattern.Expected("CLIP's pattern");
        RequireAbsent(model, "dropout");
        RequireAbsent(model, "continuing_subword_prefix");
        RequireAbsent(model, "byte_fallback");
        RequireAbsent(model, "ignore_merges");
        var merges = new MergeList(root.File, [.. model.Get("merges").Items().Select(ReadMerge)], 0);
        return new ByteLevelBpeTokenizer(
            new ClipBpeModel(vocabulary, merges, model.Find("unk_token")?.Text()), vocabulary, added, Template(), Pad(), Mask());
    }

    private static JsonEntry[] RequireSteps(JsonEntry parent, string key, params ReadOnlySpan<string> types)
    {
        JsonEntry[] steps = [.. Typed(parent, "Sequence").Get(key).Items()];
        if (steps.Length != types.Length)
            throw parent.Expected($"the {types.Length} steps {string.Join(", ", types.ToArray())}");
        for (int i = 0; i < steps.Length; i++)
            Typed(steps[i], types[i]);
        return steps;
    }

    private WordPieceTokenizer WordPiece()
    {
        JsonEntry normalizer = Typed(root.Get("normalizer"), "BertNormalizer");
        Typed(root.Get("pre_tokenizer"), "BertPreTokenizer");
        JsonEntry? decoder = root.Find("decoder") is { } entry ? Typed(entry, "WordPiece") : null;
        string prefix = model.Find("continuing_subword_prefix")?.Text() ?? "##";
        if (decoder?.Find("prefix") is { } other && other.Text() != prefix)
            throw other.Expected($"the model's continuing_subword_prefix '{prefix}'");
        var bert = new BertNormalizer(
            normalizer.Find("clean_text")?.Bool() ?? true,
            (configuration?.Find("tokenize_chinese_chars") ?? normalizer.Find("handle_chinese_chars"))?.Bool() ?? true,
            (configuration?.Find("strip_accents") ?? normalizer.Find("strip_accents"))?.Bool(),
            (configuration?.Find("do_lower_case") ?? normalizer.Find("lowercase"))?.Bool() ?? true);
        var settings = new WordPieceSettings(
            bert, model.Find("unk_token")?.Text() ?? "[UNK]", prefix,
            model.Find("max_input_chars_per_word")?.Int() ?? 100, decoder?.Find("cleanup")?.Bool() ?? true);
        return new WordPieceTokenizer(vocabulary, settings, added, Template(), Pad(), Mask());
    }

    private WordLevelTokenizer WordLevel()
    {
        bool lowerCase = root.Find("normalizer") is { } normalizer && Typed(normalizer, "Lowercase").IsObject;
        Typed(root.Get("pre_tokenizer"), "Whitespace");
        RequireAbsent(root, "decoder");
        return new WordLevelTokenizer(vocabulary, lowerCase, model.Get("unk_token").Text(), added, Template(), Pad(), Mask());
    }

    private SequenceTemplate Template() => PostProcessorReader.Read(root.Find("post_processor"), IdOf);

    private int Pad()
    {
        if (names.Pad is { } named)
            return RequireId(named, "pad_token");
        // Models without one (GPT-2) are padded with their end token.
        return IdOf("<pad>") ?? IdOf("[PAD]") ?? IdOf(names.Eos ?? "<|endoftext|>") ?? throw new InvalidInputException(
            $"{root.File}: no padding token: neither does the folder's configuration name one, nor is there a '<pad>' or '[PAD]'.");
    }

    private int? Mask() => names.Mask is { } named ? RequireId(named, "mask_token") : IdOf("<mask>") ?? IdOf("[MASK]");

    private int RequireId(string token, string role) => IdOf(token) ?? throw new InvalidInputException(
        $"{root.File}: has no token '{token}', which the folder's configuration names as its {role}.");

    private int? IdOf(string token) => vocabulary.Find(token) ?? added.Find(t => t.Content == token)?.Id;

    /// <summary>Special tokens that the folder names are found in text even where added_tokens does not list them.</summary>
    private void AddNamed()
    {
        foreach (string? name in new[] { names.Bos, names.Eos, names.Unk, names.Pad, names.Mask, names.Cls, names.Sep })
        {
            if (name is not null && added.All(t => t.Content != name) && vocabulary.Find(name) is { } id)
                added.Add(new AddedToken(name, id));
        }
    }

    private static AddedToken ReadAdded(JsonEntry token)
    {
        bool Flag(string key, bool otherwise) => token.Find(key)?.Bool() ?? otherwise;
        bool special = Flag("special", false);
        return new AddedToken(
            token.Get("content").Text(), token.Get("id").Int(), special, Flag("lstrip", false), Flag("rstrip", false),
            Flag("single_word", false), Flag("normalized", !special));
    }

    /// <summary>A merge stands as "left right" or, in newer files, as a pair.</summary>
    private static string ReadMerge(JsonEntry merge)
    {
        if (merge.Element.ValueKind != System.Text.Json.JsonValueKind.Array)
            return merge.Text();
        string[] pair = [.. merge.Items().Select(side => side.Text())];
        return pair.Length == 2 ? $"{pair[0]} {pair[1]}" : throw merge.Expected("a pair of tokens");
    }

    /// <summary>Settings that change ids and are not supported may only have the value that switches them off.</summary>
    private static void RequireAbsent(JsonEntry parent, string key)
    {
        if (parent.Find(key) is { } entry && entry.Element.GetRawText() is not ("false" or "\"\"" or "0" or "0.0"))
            throw entry.Expected("nothing, as it is not supported for this kind of tokenizer,");
    }

    private static JsonEntry Typed(JsonEntry entry, string type)
    {
        JsonEntry found = entry.Get("type");
        return found.Text() == type ? entry : throw found.Expected($"\"{type}\", the only one that is supported here,");
    }
}
