namespace VLPeft.Preprocessing;

/// <summary>Tokenizers from vocabulary files that say nothing of special tokens: those of the model's kind are taken.</summary>
internal static class TokenizerBuilder
{
    public static ByteLevelBpeTokenizer Roberta(TokenVocabulary vocabulary, MergeList merges, SpecialTokenNames names, bool addPrefixSpace)
    {
        int Require(string token) => vocabulary.Require(token, "a special token of RoBERTa");
        string first = names.Cls ?? names.Bos ?? "<s>", last = names.Sep ?? names.Eos ?? "</s>", pad = names.Pad ?? "<pad>";
        string mask = names.Mask ?? "<mask>";
        List<AddedToken> added =
        [
            .. new[] { first, pad, last, names.Unk ?? "<unk>", names.Bos ?? first, names.Eos ?? last }.Distinct()
                .Select(token => new AddedToken(token, Require(token))),
        ];
        // "What a <mask>": the mask stands for the word with its space.
        int? maskId = vocabulary.Find(mask);
        if (maskId is { } id)
            added.Add(new AddedToken(mask, id, LStrip: true));
        return new ByteLevelBpeTokenizer(
            vocabulary, merges, new BpeSettings(addPrefixSpace), added,
            SequenceTemplate.Around(Require(first), Require(last), doubleSeparator: true), Require(pad), maskId);
    }

    public static ByteLevelBpeTokenizer Gpt2(TokenVocabulary vocabulary, MergeList merges, SpecialTokenNames names, bool addPrefixSpace)
    {
        int Require(string token) => vocabulary.Require(token, "a special token of GPT-2");
        string end = names.Eos ?? "<|endoftext|>", pad = names.Pad ?? end;
        List<AddedToken> added =
        [
            .. new[] { end, pad, names.Bos ?? end, names.Unk ?? end }.Distinct().Select(token => new AddedToken(token, Require(token))),
        ];
        return new ByteLevelBpeTokenizer(
            vocabulary, merges, new BpeSettings(addPrefixSpace), added, SequenceTemplate.Bare, Require(pad), maskId: null);
    }

    public static ByteLevelBpeTokenizer Clip(TokenVocabulary vocabulary, MergeList merges, SpecialTokenNames names)
    {
        int Require(string token) => vocabulary.Require(token, "a special token of CLIP");
        string first = names.Bos ?? "<|startoftext|>", last = names.Eos ?? "<|endoftext|>", pad = names.Pad ?? last, unknown = names.Unk ?? last;
        // transformers 4 looks for them in lower-cased text: "<|ENDOFTEXT|>" is one.
        List<AddedToken> added =
            [.. new[] { first, last, pad, unknown }.Distinct().Select(token => new AddedToken(token, Require(token), Normalized: true))];
        return new ByteLevelBpeTokenizer(
            new ClipBpeModel(vocabulary, merges, unknown), vocabulary, added,
            SequenceTemplate.Around(Require(first), Require(last), doubleSeparator: true), Require(pad), maskId: null);
    }

    public static WordPieceTokenizer Bert(TokenVocabulary vocabulary, SpecialTokenNames names, BertNormalizer normalizer)
    {
        int Require(string token) => vocabulary.Require(token, "a special token of BERT");
        string first = names.Cls ?? "[CLS]", last = names.Sep ?? "[SEP]", pad = names.Pad ?? "[PAD]", unknown = names.Unk ?? "[UNK]";
        string mask = names.Mask ?? "[MASK]";
        int? maskId = vocabulary.Find(mask);
        List<AddedToken> added = [.. new[] { pad, unknown, first, last }.Distinct().Select(token => new AddedToken(token, Require(token)))];
        if (maskId is { } id)
            added.Add(new AddedToken(mask, id));
        return new WordPieceTokenizer(
            vocabulary, new WordPieceSettings(normalizer, unknown), added,
            SequenceTemplate.Around(Require(first), Require(last), doubleSeparator: false), Require(pad), maskId);
    }
}
