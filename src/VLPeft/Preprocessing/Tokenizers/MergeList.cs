namespace VLPeft.Preprocessing;

/// <summary>The merges of a BPE in order of their rank, "left right" each, with the file and the line of the first for messages.</summary>
internal sealed record MergeList(string File, IReadOnlyList<string> Lines, int FirstLine)
{
    /// <summary>Reads a <c>merges.txt</c>; a first line "#version…" is not a merge.</summary>
    public static MergeList Read(string file)
    {
        string[] lines = TokenizerFiles.ReadLines(file);
        int first = lines.Length > 0 && lines[0].StartsWith("#version", StringComparison.Ordinal) ? 1 : 0;
        return new MergeList(file, lines[first..], first + 1);
    }

    /// <exception cref="InvalidInputException">A line is not two tokens of the vocabulary whose joint token it has too, or comes
    /// twice.</exception>
    public void Check(TokenVocabulary vocabulary)
    {
        var seen = new Dictionary<string, int>(Lines.Count, StringComparer.Ordinal);
        for (int i = 0; i < Lines.Count; i++)
        {
            string line = Lines[i];
            int space = line.IndexOf(' ');
            if (space <= 0 || space != line.LastIndexOf(' ') || space == line.Length - 1)
                throw Error(i, "expected two tokens separated by one space");
            if (!seen.TryAdd(line, i))
                throw Error(i, $"the same merge stands in place {seen[line] + FirstLine} already");
            string joint = string.Concat(line.AsSpan(0, space), line.AsSpan(space + 1));
            Require(vocabulary, i, line.AsSpan(0, space));
            Require(vocabulary, i, line.AsSpan(space + 1));
            Require(vocabulary, i, joint);
        }
    }

    private void Require(TokenVocabulary vocabulary, int index, ReadOnlySpan<char> token)
    {
        if (!vocabulary.Lookup.ContainsKey(token))
            throw Error(index, $"the vocabulary ({vocabulary.File}) lacks the token '{token}'");
    }

    private InvalidInputException Error(int index, string what) =>
        new($"{File}: merge in place {index + FirstLine}, '{Lines[index]}': {what}.");
}
