namespace VLPeft.Generation;

/// <summary>
/// Gives continued sequences their rows. A sequence stays in its parent's row where it can, so that a cache moves only what branched
/// and what fills the rows of sequences that ended.
/// </summary>
/// <param name="Rows">For each sequence, its row.</param>
/// <param name="Parents">For each row, the row so far that it continues.</param>
internal sealed record RowPlacement(int[] Rows, long[] Parents)
{
    /// <param name="parentRows">For each sequence, the row that it continues. Sequences of one image should stand together, in the order of their rows.</param>
    /// <param name="before">How many rows there are so far.</param>
    public static RowPlacement Of(IReadOnlyList<int> parentRows, int before)
    {
        int count = parentRows.Count;
        if (count > before) // everything moves in any case: into order, so that an image's rows lie together
            return new RowPlacement([.. Enumerable.Range(0, count)], [.. parentRows.Select(row => (long)row)]);
        int[] rows = new int[count];
        long[] parents = new long[count];
        bool[] taken = new bool[count];
        Array.Fill(rows, -1);
        for (int i = 0; i < count; i++)
            if (parentRows[i] < count && !taken[parentRows[i]])
                (rows[i], taken[parentRows[i]]) = (parentRows[i], true);
        int free = 0;
        for (int i = 0; i < count; i++)
        {
            if (rows[i] < 0)
            {
                while (taken[free])
                    free++;
                (rows[i], taken[free]) = (free, true);
            }
            parents[rows[i]] = parentRows[i];
        }
        return new RowPlacement(rows, parents);
    }

    /// <summary>Whether nothing moves, of <paramref name="before"/> rows.</summary>
    public bool IsIdentity(int before) => Parents.Length == before && Parents.Select((parent, row) => parent == row).All(same => same);
}
