namespace VLPeft.Preprocessing;

/// <summary>
/// GPT-2's byte-level byte pair encoding with RoBERTa's, BART's or GPT-2's special tokens, or CLIP's form of it. Ids and decoded text are exactly those of
/// Hugging Face's fast tokenizers. Immutable and safe for any number of threads.
/// </summary>
public sealed class ByteLevelBpeTokenizer : ITextTokenizer
{
    private readonly TokenPipeline pipeline;

    internal ByteLevelBpeTokenizer(
        TokenVocabulary vocabulary, MergeList merges, BpeSettings settings, IReadOnlyList<AddedToken> added, SequenceTemplate template,
        int padId, int? maskId)
        : this(new ByteLevelBpeModel(vocabulary, merges, settings), vocabulary, added, template, padId, maskId)
    {
    }

    internal ByteLevelBpeTokenizer(
        ITokenModel model, TokenVocabulary vocabulary, IReadOnlyList<AddedToken> added, SequenceTemplate template, int padId, int? maskId)
    {
        pipeline = new TokenPipeline(model, vocabulary, added, template);
        PadId = padId;
        MaskId = maskId;
    }

    /// <inheritdoc/>
    public int VocabularySize => pipeline.VocabularySize;

    /// <inheritdoc/>
    public int PadId { get; }

    /// <inheritdoc/>
    public int? MaskId { get; }

    /// <summary>RoBERTa's (and BART's) tokenizer: <c>&lt;s&gt; text &lt;/s&gt;</c>, padded with <c>&lt;pad&gt;</c>.</summary>
    /// <param name="vocabularyFile">The path of <c>vocab.json</c>.</param>
    /// <param name="mergesFile">The path of <c>merges.txt</c>.</param>
    /// <param name="addPrefixSpace">
    /// Puts a space before text that begins without one, so that a first word is encoded like any other.
    /// </param>
    /// <exception cref="InvalidInputException">A file is missing, malformed or contradicts the other.</exception>
    public static ByteLevelBpeTokenizer Roberta(string vocabularyFile, string mergesFile, bool addPrefixSpace = false) =>
        TokenizerBuilder.Roberta(
            TokenizerFiles.ReadVocabularyJson(vocabularyFile), MergeList.Read(mergesFile), SpecialTokenNames.None, addPrefixSpace);

    /// <summary>GPT-2's tokenizer: no special tokens around the text, padded with <c>&lt;|endoftext|&gt;</c>.</summary>
    /// <inheritdoc cref="Roberta"/>
    public static ByteLevelBpeTokenizer Gpt2(string vocabularyFile, string mergesFile, bool addPrefixSpace = false) =>
        TokenizerBuilder.Gpt2(
            TokenizerFiles.ReadVocabularyJson(vocabularyFile), MergeList.Read(mergesFile), SpecialTokenNames.None, addPrefixSpace);

    /// <summary>
    /// CLIP's tokenizer: <c>&lt;|startoftext|&gt; text &lt;|endoftext|&gt;</c>, padded with the latter; lower case, words end in &lt;/w&gt;.
    /// </summary>
    /// <param name="vocabularyFile">The path of <c>vocab.json</c>.</param>
    /// <param name="mergesFile">The path of <c>merges.txt</c>.</param>
    /// <exception cref="InvalidInputException">A file is missing, malformed or contradicts the other.</exception>
    public static ByteLevelBpeTokenizer Clip(string vocabularyFile, string mergesFile) =>
        TokenizerBuilder.Clip(TokenizerFiles.ReadVocabularyJson(vocabularyFile), MergeList.Read(mergesFile), SpecialTokenNames.None);

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> leaves no room for the special tokens.</exception>
    public int[] Encode(string text, int maxLength = int.MaxValue) => pipeline.Encode(text, maxLength);

    /// <summary>
    /// Ids of two texts in one sequence, RoBERTa's <c>&lt;s&gt; A &lt;/s&gt;&lt;/s&gt; B &lt;/s&gt;</c>; what is over <paramref
    /// name="maxLength"/> is cut from the end of the longer text ("longest first").
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> leaves no room for the special tokens.</exception>
    public int[] EncodePair(string text, string pair, int maxLength = int.MaxValue) => pipeline.EncodePair(text, pair, maxLength);

    /// <inheritdoc/>
    /// <remarks>Bytes that are not UTF-8 give U+FFFD, one for each maximal ill-formed part; ids without a token give nothing.</remarks>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false) => pipeline.Decode(ids, skipSpecialTokens);
}
