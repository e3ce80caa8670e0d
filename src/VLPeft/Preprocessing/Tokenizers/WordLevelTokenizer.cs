using VLPeft.Checkpoints;

namespace VLPeft.Preprocessing;

/// <summary>
/// Whole words as tokens, for small closed worlds such as the embedded benchmark: text is lower-cased and cut at white space and
/// punctuation ("Isn't it?" is isn ' t it ?). It is kept as a <c>tokenizer.json</c> that Hugging Face's tokenizers reads. Immutable and
/// safe for any number of threads.
/// </summary>
public sealed class WordLevelTokenizer : ITextTokenizer
{
    private readonly TokenPipeline pipeline;
    private readonly WordLevelJson json;

    internal WordLevelTokenizer(
        TokenVocabulary vocabulary, bool lowerCase, string unknownToken, IReadOnlyList<AddedToken> added, SequenceTemplate template,
        int padId, int? maskId)
    {
        pipeline = new TokenPipeline(new WordLevelModel(vocabulary, lowerCase, unknownToken), vocabulary, added, template);
        json = new WordLevelJson(vocabulary, lowerCase, unknownToken, added, template);
        PadId = padId;
        MaskId = maskId;
    }

    /// <summary>How many special tokens <see cref="Build"/> puts before the words.</summary>
    internal const int SpecialTokens = 5;

    /// <summary>CLIP's start of text.</summary>
    internal const string StartOfText = "<|startoftext|>";

    /// <summary>GPT-2's and CLIP's end of text.</summary>
    internal const string EndOfText = "<|endoftext|>";

    /// <inheritdoc/>
    public int VocabularySize => pipeline.VocabularySize;

    /// <inheritdoc/>
    public int PadId { get; }

    /// <inheritdoc/>
    public int? MaskId { get; }

    /// <summary>
    /// A vocabulary of the words of some texts, the frequent ones first, after RoBERTa's special tokens: &lt;s&gt; 0, &lt;pad&gt; 1,
    /// &lt;/s&gt; 2, &lt;unk&gt; 3, &lt;mask&gt; 4. Sequences are <c>&lt;s&gt; text &lt;/s&gt;</c>.
    /// </summary>
    /// <param name="texts">The texts; the order does not matter.</param>
    /// <param name="minimumCount">How often a word must occur to get a token of its own.</param>
    public static WordLevelTokenizer Build(IEnumerable<string> texts, int minimumCount = 1) => Around(texts, minimumCount, objects: 0);

    /// <summary>
    /// The same for a model that reads pictures, too: behind the words come tokens for the objects of a picture, whose ids count from the end, as VL-T5
    /// has them: &lt;vis_extra_id_0&gt; is the last.
    /// </summary>
    /// <param name="texts">The texts; the order does not matter.</param>
    /// <param name="objects">How many objects.</param>
    /// <param name="minimumCount">How often a word must occur to get a token of its own.</param>
    internal static WordLevelTokenizer BuildMultimodal(IEnumerable<string> texts, int objects, int minimumCount = 1) => Around(texts, minimumCount, objects);

    /// <summary>
    /// The same for a decoder: &lt;unk&gt; 0, &lt;|endoftext|&gt; 1, which also pads, then the words; nothing stands around a text.
    /// </summary>
    /// <param name="texts">The texts; the order does not matter.</param>
    /// <param name="minimumCount">How often a word must occur to get a token of its own.</param>
    public static WordLevelTokenizer BuildCausal(IEnumerable<string> texts, int minimumCount = 1)
    {
        AddedToken[] added = [new("<unk>", 0), new(EndOfText, 1)];
        return new WordLevelTokenizer(
            Vocabulary(added, texts, minimumCount), lowerCase: true, "<unk>", added, SequenceTemplate.Bare, padId: 1, maskId: null);
    }

    /// <summary>
    /// The same for a CLIP: &lt;unk&gt; 0, the words, &lt;|startoftext|&gt;, and &lt;|endoftext|&gt; last, which also pads. Hugging Face finds
    /// the end of a text as its largest id where the configuration says 2, and in its older versions always.
    /// </summary>
    internal static WordLevelTokenizer BuildContrastive(IEnumerable<string> texts)
    {
        string[] tokens = ["<unk>", .. Words(texts, minimumCount: 1), StartOfText, EndOfText];
        int start = tokens.Length - 2, end = tokens.Length - 1;
        var vocabulary = new TokenVocabulary("built vocabulary", tokens.Select((token, id) => KeyValuePair.Create(token, id)).ToList());
        AddedToken[] added = [new("<unk>", 0), new(StartOfText, start), new(EndOfText, end)];
        return new WordLevelTokenizer(
            vocabulary, lowerCase: true, "<unk>", added, SequenceTemplate.Around(start, end, doubleSeparator: true), padId: end, maskId: null);
    }

    /// <summary>Reads a <c>tokenizer.json</c> whose model is WordLevel.</summary>
    /// <exception cref="InvalidInputException">The file is missing, malformed, or holds another kind of tokenizer.</exception>
    public static WordLevelTokenizer Load(string file) =>
        TokenizerJson.Read(file, configuration: null, SpecialTokenNames.None) as WordLevelTokenizer
        ?? throw new InvalidInputException($"{file}: expected a tokenizer whose model.type is WordLevel, found another kind.");

    /// <summary>Writes a <c>tokenizer.json</c> in Hugging Face's form.</summary>
    public void Save(string file) => AtomicFile.Write(file, json.Write);

    /// <inheritdoc/>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> leaves no room for the special tokens.</exception>
    public int[] Encode(string text, int maxLength = int.MaxValue) => pipeline.Encode(text, maxLength);

    /// <summary>
    /// Ids of two texts in one sequence, <c>&lt;s&gt; A &lt;/s&gt;&lt;/s&gt; B &lt;/s&gt;</c>; what is over <paramref
    /// name="maxLength"/> is cut from the end of the longer text ("longest first").
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="maxLength"/> leaves no room for the special tokens.</exception>
    public int[] EncodePair(string text, string pair, int maxLength = int.MaxValue) => pipeline.EncodePair(text, pair, maxLength);

    /// <inheritdoc/>
    /// <remarks>The tokens with a space between each.</remarks>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = false) => pipeline.Decode(ids, skipSpecialTokens);

    private static WordLevelTokenizer Around(IEnumerable<string> texts, int minimumCount, int objects)
    {
        string[] special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"], last = [.. Enumerable.Range(0, objects).Reverse().Select(i => $"<vis_extra_id_{i}>")];
        AddedToken[] added = [.. special.Select((token, id) => new AddedToken(token, id, LStrip: token == "<mask>"))];
        TokenVocabulary vocabulary = Vocabulary(added, texts, minimumCount, last);
        return new WordLevelTokenizer(vocabulary, lowerCase: true, "<unk>", [.. added, .. last.Select(token => new AddedToken(token, vocabulary.Ids[token]))],
            SequenceTemplate.Around(0, 2, doubleSeparator: true), padId: 1, maskId: 4);
    }

    private static TokenVocabulary Vocabulary(AddedToken[] special, IEnumerable<string> texts, int minimumCount, params string[] last)
    {
        IEnumerable<string> words = Words(texts, minimumCount);
        return new TokenVocabulary(
            "built vocabulary", special.Select(token => token.Content).Concat(words).Concat(last).Select((token, id) => KeyValuePair.Create(token, id)).ToList());
    }

    private static IEnumerable<string> Words(IEnumerable<string> texts, int minimumCount) => Count(texts)
        .Where(word => word.Value >= minimumCount)
        .OrderByDescending(word => word.Value).ThenBy(word => word.Key, StringComparer.Ordinal)
        .Select(word => word.Key);

    private static Dictionary<string, int> Count(IEnumerable<string> texts)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (string text in texts)
        {
            ReadOnlySpan<char> lower = WordLevelModel.LowerCase(text);
            for (int at = 0; WordLevelModel.NextWord(lower, ref at, out int end); at = end)
            {
                string word = lower[at..end].ToString();
                counts[word] = counts.GetValueOrDefault(word) + 1;
            }
        }
        return counts;
    }
}
