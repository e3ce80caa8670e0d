namespace VLPeft.Preprocessing;

/// <summary>Token to id and id to token, checked: no token and no id occurs twice.</summary>
internal sealed class TokenVocabulary
{
    // Far above any real vocabulary; keeps a broken file from asking for gigabytes.
    public const int LargestId = 16_000_000;

    private readonly Dictionary<string, int> ids;
    private readonly string?[] tokens;

    /// <param name="file">The file the entries come from, for messages.</param>
    /// <param name="entries">Tokens and ids, in the file's order.</param>
    /// <exception cref="InvalidInputException">No entry, a token or an id twice, an id that is negative or absurdly large.</exception>
    public TokenVocabulary(string file, IReadOnlyCollection<KeyValuePair<string, int>> entries)
    {
        File = file;
        if (entries.Count == 0)
            throw new InvalidInputException($"{file}: the vocabulary is empty.");
        ids = new Dictionary<string, int>(entries.Count, StringComparer.Ordinal);
        Lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        int largest = entries.Max(e => e.Value);
        if (largest > LargestId)
            throw new InvalidInputException($"{file}: the vocabulary has the id {largest}; at most {LargestId} is expected.");
        tokens = new string?[largest + 1];
        foreach ((string token, int id) in entries)
            Add(token, id);
    }

    public string File { get; }

    /// <summary>One more than the largest id.</summary>
    public int Size => tokens.Length;

    public IReadOnlyDictionary<string, int> Ids => ids;

    public Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> Lookup { get; }

    public int? Find(string token) => ids.TryGetValue(token, out int id) ? id : null;

    public string? TokenOf(int id) => (uint)id < (uint)tokens.Length ? tokens[id] : null;

    /// <exception cref="InvalidInputException">The vocabulary lacks the token.</exception>
    public int Require(string token, string purpose) => Find(token) ?? throw new InvalidInputException(
        $"{File}: the vocabulary lacks '{token}', {purpose}; is this the vocabulary of another kind of tokenizer?");

    private void Add(string token, int id)
    {
        if (id < 0)
            throw new InvalidInputException($"{File}: the token '{token}' has the id {id}; ids are not negative.");
        if (!ids.TryAdd(token, id))
            throw new InvalidInputException($"{File}: the token '{token}' occurs twice, with the ids {ids[token]} and {id}.");
        if (tokens[id] is { } other)
            throw new InvalidInputException($"{File}: the id {id} belongs to two tokens, '{other}' and '{token}'.");
        tokens[id] = token;
    }
}
