namespace VLPeft.Preprocessing;

/// <summary>Opens the tokenizer of a Hugging Face model folder.</summary>
public static class Tokenizers
{
    // Model types and tokenizer classes (without "Tokenizer" and "Fast") that share RoBERTa's or GPT-2's tokenizer.
    private static readonly HashSet<string> RobertaKinds = new(["roberta", "bart", "longformer", "led"], StringComparer.OrdinalIgnoreCase);
    private static readonly HashSet<string> Gpt2Kinds = new(["gpt2", "gpt_neo"], StringComparer.OrdinalIgnoreCase);
    private static readonly HashSet<string> ClipKinds = new(["clip", "clip_text_model"], StringComparer.OrdinalIgnoreCase);

    // Says nothing of the kind of the tokenizer.
    private const string GenericClass = "PreTrained";

    /// <summary>
    /// Reads <c>tokenizer.json</c> (byte-level BPE, WordPiece or WordLevel), else <c>vocab.json</c> with <c>merges.txt</c>, else
    /// <c>vocab.txt</c>.
    /// <c>tokenizer_config.json</c>, <c>special_tokens_map.json</c> and <c>config.json</c> are heeded where they lie beside; where only
    /// a vocabulary and merges are there and nothing names the model, RoBERTa's <c>&lt;s&gt;</c> or CLIP's
    /// <c>&lt;|startoftext|&gt;</c> in the vocabulary decides. Limits of
    /// length and padding that the files carry are left to the caller.
    /// </summary>
    /// <exception cref="InvalidInputException">The folder has no tokenizer, or its files are malformed, contradictory or not
    /// supported.</exception>
    public static ITextTokenizer FromFolder(string folder)
    {
        string Named(string name) => Path.Combine(folder, name);
        if (!Directory.Exists(folder))
            throw new InvalidInputException($"{folder}: expected a folder with a tokenizer, but there is no such folder.");
        JsonEntry? configuration = JsonEntry.LoadIfThere(Named("tokenizer_config.json"));
        SpecialTokenNames names = SpecialTokenNames.Read(JsonEntry.LoadIfThere(Named("special_tokens_map.json")), configuration);

        if (File.Exists(Named("tokenizer.json")))
            return TokenizerJson.Read(Named("tokenizer.json"), configuration, names);
        if (File.Exists(Named("vocab.json")))
            return Bpe(Named("vocab.json"), Named("merges.txt"), configuration, JsonEntry.LoadIfThere(Named("config.json")), names);
        if (File.Exists(Named("vocab.txt")))
            return TokenizerBuilder.Bert(TokenizerFiles.ReadVocabularyText(Named("vocab.txt")), names, BertOptions(configuration));
        throw new InvalidInputException($"{folder}: no tokenizer here: expected tokenizer.json, vocab.json with merges.txt, or vocab.txt.");
    }

    private static ByteLevelBpeTokenizer Bpe(
        string vocabularyFile, string mergesFile, JsonEntry? configuration, JsonEntry? modelConfiguration, SpecialTokenNames names)
    {
        if (!File.Exists(mergesFile))
            throw new InvalidInputException($"{mergesFile}: vocab.json needs this file of merges beside it, and it is missing.");
        bool prefix = configuration?.Find("add_prefix_space")?.Bool() ?? false;
        TokenVocabulary vocabulary = TokenizerFiles.ReadVocabularyJson(vocabularyFile);
        MergeList merges = MergeList.Read(mergesFile);
        string kind = Kind(configuration, modelConfiguration)
            ?? (vocabulary.Find("<s>") is not null ? "roberta" : vocabulary.Find("<|startoftext|>") is not null ? "clip" : "gpt2");
        return RobertaKinds.Contains(kind) ? TokenizerBuilder.Roberta(vocabulary, merges, names, prefix)
            : ClipKinds.Contains(kind) ? TokenizerBuilder.Clip(vocabulary, merges, names)
            : TokenizerBuilder.Gpt2(vocabulary, merges, names, prefix);
    }

    /// <summary>Whose special tokens, by the class or model that the folder names; null when it names none.</summary>
    private static string? Kind(JsonEntry? configuration, JsonEntry? modelConfiguration)
    {
        JsonEntry? named = configuration?.Find("tokenizer_class");
        string? kind = named?.Text().Replace("Fast", "", StringComparison.Ordinal).Replace("Tokenizer", "", StringComparison.Ordinal);
        if (kind is null or GenericClass)
        {
            named = modelConfiguration?.Find("model_type");
            kind = named?.Text();
        }
        if (kind is null)
            return null;
        string[] known = [.. RobertaKinds, .. Gpt2Kinds, .. ClipKinds];
        return known.Contains(kind, StringComparer.OrdinalIgnoreCase)
            ? kind
            : throw named!.Expected($"a kind whose tokenizer is supported ({string.Join(", ", known)})");
    }

    private static BertNormalizer BertOptions(JsonEntry? configuration) => new(
        SpaceChinese: configuration?.Find("tokenize_chinese_chars")?.Bool() ?? true,
        StripAccents: configuration?.Find("strip_accents")?.Bool(),
        LowerCase: configuration?.Find("do_lower_case")?.Bool() ?? true);
}
