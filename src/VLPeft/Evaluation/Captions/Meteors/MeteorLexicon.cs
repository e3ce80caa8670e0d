using Lucene.Net.Tartarus.Snowball.Ext;

namespace VLPeft.Evaluation.Captions.Meteors;

/// <summary>A word and what it may match.</summary>
/// <param name="Number">The same for equal words.</param>
/// <param name="Stem">The same for equal stems.</param>
/// <param name="Synsets">Its WordNet synsets, in order.</param>
/// <param name="IsFunction">Whether it is a function word.</param>
internal sealed record MeteorWord(int Number, int Stem, int[] Synsets, bool IsFunction)
{
    public bool IsSynonymOf(MeteorWord other)
    {
        int[] one = Synsets, two = other.Synsets;
        for (int i = 0, j = 0; i < one.Length && j < two.Length;)
        {
            if (one[i] == two[j])
                return true;
            if (one[i] < two[j])
                i++;
            else
                j++;
        }
        return false;
    }
}

/// <summary>The words of a set of texts, each analysed once.</summary>
internal sealed class MeteorLexicon
{
    private readonly Dictionary<string, MeteorWord> _words = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _stems = new(StringComparer.Ordinal);
    private readonly EnglishStemmer _stemmer = new();
    private readonly MeteorData _data;

    public MeteorLexicon(MeteorData data, IEnumerable<string> texts)
    {
        _data = data;
        foreach (string text in texts)
        {
            foreach (string word in Split(text))
            {
                if (!_words.ContainsKey(word))
                    _words.Add(word, Analyse(word));
            }
        }
    }

    /// <summary>A normalized, lower-case text as words; it must be one of those the lexicon was made of.</summary>
    public MeteorWord[] WordsOf(string text) => [.. Split(text).Select(word => _words[word])];

    /// <summary>The numbers of a phrase's words; null when one of them occurs nowhere.</summary>
    public int[]? NumbersOf(ReadOnlySpan<char> phrase)
    {
        var lookup = _words.GetAlternateLookup<ReadOnlySpan<char>>();
        List<int> numbers = [];
        foreach (Range range in phrase.Split(' '))
        {
            if (!lookup.TryGetValue(phrase[range], out MeteorWord? word))
                return null;
            numbers.Add(word.Number);
        }
        return [.. numbers];
    }

    private static string[] Split(string text) => text.Split((char[])[' '], StringSplitOptions.RemoveEmptyEntries);

    private MeteorWord Analyse(string word)
    {
        _stemmer.SetCurrent(word);
        _stemmer.Stem();
        string stem = _stemmer.Current;
        if (!_stems.TryGetValue(stem, out int number))
            _stems.Add(stem, number = _stems.Count);
        return new MeteorWord(_words.Count, number, _data.Synonyms.SynsetsOf(word), _data.IsFunctionWord(word));
    }
}
