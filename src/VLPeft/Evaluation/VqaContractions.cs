using System.Collections.Frozen;

namespace VLPeft.Evaluation;

/// <summary>
/// The official evaluator's contractions. Its table holds each of these words with exactly one apostrophe left out, so <c>dont</c> becomes
/// <c>don't</c>, and <c>couldnt've</c> as well as <c>couldn'tve</c> become <c>couldn't've</c> while <c>couldntve</c> stays.
/// </summary>
internal static class VqaContractions
{
    private static readonly string[] Words =
    [
        "ain't", "aren't", "can't", "could've", "couldn't", "couldn't've", "didn't", "doesn't", "don't", "hadn't", "hadn't've",
        "hasn't", "haven't", "he'd", "he'd've", "he's", "how'd", "how'll", "how's", "isn't", "it'd", "it'd've", "it'll",
        "ma'am", "might've", "mightn't", "mightn't've", "must've", "mustn't", "needn't", "not've", "o'clock", "oughtn't",
        "'ow's'at", "shan't", "she'd've", "should've", "shouldn't", "shouldn't've", "somebody'd've", "somebody'll",
        "somebody's", "someone'd", "someone'd've", "someone'll", "someone's", "something'd", "something'd've", "something'll",
        "that's", "there'd", "there'd've", "there're", "there's", "they'd", "they'd've", "they'll", "they're", "they've",
        "'twas", "wasn't", "we'd've", "we've", "weren't", "what'll", "what're", "what's", "what've", "when's", "where'd",
        "where's", "where've", "who'd", "who'd've", "who'll", "who's", "who've", "why'll", "why're", "why's", "won't",
        "would've", "wouldn't", "wouldn't've", "y'all", "y'all'll", "y'all'd've", "you'd", "you'd've", "you'll", "you're",
        "you've",
    ];

    private static readonly FrozenDictionary<string, string> Table = Make();

    /// <summary>The lower-case word with its apostrophe, or the word itself. The table's entries with a capital are left out.</summary>
    public static string Restore(string word) => Table.GetValueOrDefault(word, word);

    private static FrozenDictionary<string, string> Make()
    {
        var table = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string word in Words)
        {
            for (int i = 0; i < word.Length; i++)
            {
                if (word[i] == '\'')
                    table.Add(word.Remove(i, 1), word);
            }
        }
        // The table's one entry the other way round.
        table.Add("somebody'd", "somebodyd");
        return table.ToFrozenDictionary(StringComparer.Ordinal);
    }
}
