namespace VLPeft.Evaluation.Captions.Meteors;

/// <summary>Finds all matches of a hypothesis and a reference, in the order in which the official program tries them.</summary>
internal sealed class MeteorMatcher(MeteorModules modules, MeteorParaphrases? paraphrases)
{
    /// <summary>For each word of the reference the matches that start there.</summary>
    public List<MeteorMatch>[] Match(MeteorWord[] hypothesis, MeteorWord[] reference)
    {
        var matches = new List<MeteorMatch>[reference.Length];
        for (int i = 0; i < matches.Length; i++)
            matches[i] = [];
        if (modules.HasFlag(MeteorModules.Exact))
            Words(hypothesis, reference, 0, matches, (one, other) => one.Number == other.Number);
        if (modules.HasFlag(MeteorModules.Stem))
            Words(hypothesis, reference, 1, matches, (one, other) => one.Stem == other.Stem && one.Number != other.Number);
        if (modules.HasFlag(MeteorModules.Synonym))
            Words(hypothesis, reference, 2, matches, (one, other) => one.Number != other.Number && one.IsSynonymOf(other));
        if (modules.HasFlag(MeteorModules.Paraphrase) && paraphrases is not null)
            Phrases(hypothesis, reference, matches, paraphrases);
        return matches;
    }

    private static void Words(
        MeteorWord[] hypothesis, MeteorWord[] reference, int module, List<MeteorMatch>[] matches, Func<MeteorWord, MeteorWord, bool> agree)
    {
        for (int i = 0; i < reference.Length; i++)
        {
            for (int j = 0; j < hypothesis.Length; j++)
            {
                if (agree(reference[i], hypothesis[j]))
                    matches[i].Add(new MeteorMatch(i, 1, j, 1, module));
            }
        }
    }

    /// <summary>Phrases of the reference first, then those of the hypothesis; what stands in the table both ways comes twice.</summary>
    private static void Phrases(MeteorWord[] hypothesis, MeteorWord[] reference, List<MeteorMatch>[] matches, MeteorParaphrases paraphrases)
    {
        foreach ((int start, int length, int otherStart, int otherLength) in Phrases(reference, hypothesis, paraphrases))
            matches[start].Add(new MeteorMatch(start, length, otherStart, otherLength, 3));
        foreach ((int start, int length, int otherStart, int otherLength) in Phrases(hypothesis, reference, paraphrases))
            matches[otherStart].Add(new MeteorMatch(otherStart, otherLength, start, length, 3));
    }

    private static IEnumerable<(int Start, int Length, int OtherStart, int OtherLength)> Phrases(
        MeteorWord[] words, MeteorWord[] others, MeteorParaphrases paraphrases)
    {
        ILookup<int, int> positions = Enumerable.Range(0, others.Length).ToLookup(i => others[i].Number);
        for (int i = 0; i < words.Length; i++)
        {
            foreach ((int length, IReadOnlyList<int[]> all) in paraphrases.At(words, i))
            {
                foreach (int[] paraphrase in all)
                {
                    foreach (int j in positions[paraphrase[0]])
                    {
                        if (StandsAt(others, j, paraphrase))
                            yield return (i, length, j, paraphrase.Length);
                    }
                }
            }
        }
    }

    private static bool StandsAt(MeteorWord[] words, int start, int[] phrase)
    {
        if (start + phrase.Length > words.Length)
            return false;
        for (int i = 0; i < phrase.Length; i++)
        {
            if (words[start + i].Number != phrase[i])
                return false;
        }
        return true;
    }
}
