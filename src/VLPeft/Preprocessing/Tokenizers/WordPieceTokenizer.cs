namespace VLPeft.Preprocessing;

/// <summary>
/// BERT's WordPiece tokenizer, cased or uncased: <c>[CLS] text [SEP]</c>. Ids are those of Hugging Face's fast tokenizer. Immutable and
/// safe for any number of threads.
/// </summary>
public sealed class WordPieceTokenizer : ITextTokenizer
{
    private readonly TokenPipeline pipeline;

    internal WordPieceTokenizer(
        TokenVocabulary vocabulary, WordPieceSettings settings, IReadOnlyList<AddedToken> added, SequenceTemplate template,
        int padId, int? maskId)
    {
        pipeline = new TokenPipeline(new WordPieceModel(vocabulary, settings), vocabulary, added, template);
        PadId = padId;
        MaskId = maskId;
    }

    /// <inheritdoc/>
    public int VocabularySize => pipeline.VocabularySize;

    /// <inheritdoc/>
    public int PadId { get; }

    /// <inheritdoc/>
    public int? MaskId { get; }

    /// <summary>A tokenizer from a <c>vocab.txt</c> that has BERT's special tokens.</summary>
    /// <param name="vocabularyFile">One token a line, its id the line's number from 0.</param>
    /// <param name="lowerCase">Lower case and no accents (an uncased model).</param>
    /// <exception cref="InvalidInputException">The file is missing, has a token twice, or lacks [CLS], [SEP], [UNK] or [PAD].</exception>
    public static WordPieceTokenizer FromVocabulary(string vocabularyFile, bool lowerCase = true) =>
        TokenizerBuilder.Bert(
            TokenizerFiles.ReadVocabularyText(vocabularyFile), SpecialTokenNames.None, new BertNormalizer(LowerCase: lowerCase));

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> leaves no room for the special tokens.</exception>
    public int[] Encode(string text, int maxLength = int.MaxValue) => pipeline.Encode(text, maxLength);

    /// <summary>
    /// Ids of two texts in one sequence, <c>[CLS] A [SEP] B [SEP]</c>; what is over <paramref name="maxLength"/> is cut from the end of
    /// the longer text ("longest first").
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> leaves no room for the special tokens.</exception>
    public int[] EncodePair(string text, string pair, int maxLength = int.MaxValue) => pipeline.EncodePair(text, pair, maxLength);

    /// <inheritdoc/>
    /// <remarks>Pieces are joined and spaces before punctuation taken out; case, accents and the original spacing are gone.</remarks>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false) => pipeline.Decode(ids, skipSpecialTokens);
}
