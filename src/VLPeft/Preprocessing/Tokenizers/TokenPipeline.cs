using System.Collections.Frozen;

namespace VLPeft.Preprocessing;

/// <summary>
/// What all tokenizers share: added tokens are taken out of the text, the model encodes what lies between, the template puts special
/// tokens around it. Immutable, so any number of threads may use one.
/// </summary>
internal sealed class TokenPipeline
{
    private readonly ITokenModel model;
    private readonly TokenVocabulary vocabulary;
    private readonly SequenceTemplate template;
    private readonly AddedTokenMatcher inRawText;
    private readonly AddedTokenMatcher inNormalizedText;
    private readonly FrozenDictionary<int, AddedToken> addedById;

    /// <exception cref="InvalidInputException">Added tokens contradict each other or the vocabulary.</exception>
    public TokenPipeline(ITokenModel model, TokenVocabulary vocabulary, IReadOnlyList<AddedToken> added, SequenceTemplate template)
    {
        this.model = model;
        this.vocabulary = vocabulary;
        this.template = template;
        Check(vocabulary, added);
        inRawText = new AddedTokenMatcher(added.Where(t => !t.Normalized).Select(t => (t.Content, t)));
        inNormalizedText = new AddedTokenMatcher(added.Where(t => t.Normalized).Select(t => (model.Normalize(t.Content).ToString(), t)));
        addedById = added.ToFrozenDictionary(t => t.Id);
        VocabularySize = Math.Max(vocabulary.Size, added.Select(t => t.Id + 1).DefaultIfEmpty().Max());
    }

    public int VocabularySize { get; }

    public int[] Encode(string text, int maxLength) => template.Single(Ids(text), maxLength);

    public int[] EncodePair(string text, string pair, int maxLength) => template.Pair(Ids(text), Ids(pair), maxLength);

    /// <summary>Ids that no token has are left out, as the reference does: models pad their embeddings with such rows.</summary>
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens)
    {
        var tokens = new List<string>(ids.Length);
        foreach (int id in ids)
        {
            AddedToken? added = addedById.GetValueOrDefault(id);
            if (skipSpecialTokens && added is { Special: true })
                continue;
            if ((added?.Content ?? vocabulary.TokenOf(id)) is { } token)
                tokens.Add(token);
        }
        return model.Decode(tokens);
    }

    private List<int> Ids(ReadOnlySpan<char> text)
    {
        var ids = new List<int>(32);
        int from = 0;
        while (inRawText.Find(text, from, out int start, out int end, out int id))
        {
            EncodeRaw(text[from..start], ids);
            ids.Add(id);
            from = end;
        }
        EncodeRaw(text[from..], ids);
        return ids;
    }

    private void EncodeRaw(ReadOnlySpan<char> raw, List<int> ids)
    {
        if (raw.IsEmpty)
            return;
        ReadOnlySpan<char> text = model.Normalize(raw);
        int from = 0;
        while (inNormalizedText.Find(text, from, out int start, out int end, out int id))
        {
            if (start > from)
                model.Encode(text[from..start], ids);
            ids.Add(id);
            from = end;
        }
        if (from < text.Length)
            model.Encode(text[from..], ids);
    }

    private static void Check(TokenVocabulary vocabulary, IReadOnlyList<AddedToken> added)
    {
        var seen = new Dictionary<int, string>();
        foreach (AddedToken token in added)
        {
            string where = $"{vocabulary.File}: the added token '{token.Content}' has the id {token.Id}, but ";
            if (token.Content.Length == 0)
                throw new InvalidInputException($"{vocabulary.File}: the added token with the id {token.Id} is empty.");
            if (token.Id is < 0 or > TokenVocabulary.LargestId)
                throw new InvalidInputException($"{where}ids go from 0 to {TokenVocabulary.LargestId}.");
            if (vocabulary.Find(token.Content) is { } id && id != token.Id)
                throw new InvalidInputException($"{where}in the vocabulary it has {id}.");
            if (vocabulary.TokenOf(token.Id) is { } other && other != token.Content)
                throw new InvalidInputException($"{where}in the vocabulary that is '{other}'.");
            if (!seen.TryAdd(token.Id, token.Content))
                throw new InvalidInputException($"{where}that is also '{seen[token.Id]}'.");
        }
        if (added.GroupBy(t => t.Content).FirstOrDefault(g => g.Count() > 1) is { } twice)
            throw new InvalidInputException($"{vocabulary.File}: the token '{twice.Key}' is added twice.");
    }
}
