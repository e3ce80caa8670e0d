namespace VLPeft.Benchmarks;

/// <summary>
/// Blocks of several candidates in turn, A B C A B C …, so that whatever else runs on the machine meets all alike. Compared are the
/// blocks of one round, and of those ratios the median is taken. The CPU time's ratio is the one to trust on a busy machine.
/// </summary>
internal static class Interleaved
{
    /// <summary>One candidate: its median seconds a step, and its median ratios to the first candidate.</summary>
    public sealed record Result(string Name, double Wall, double Cpu, double WallRatio, double CpuRatio, double Low, double High);

    /// <summary>Measures; each candidate runs one block before, to warm up.</summary>
    /// <param name="candidates">Names and a step of each; ratios are to the first.</param>
    /// <param name="steps">Steps in a block.</param>
    /// <param name="rounds">Blocks of each candidate.</param>
    public static IReadOnlyList<Result> Measure(IReadOnlyList<(string Name, Action Step)> candidates, int steps, int rounds)
    {
        foreach ((_, Action step) in candidates)
            Repeat(step, steps);
        var samples = new Sample[candidates.Count, rounds];
        for (int round = 0; round < rounds; round++)
        {
            // Forwards, then backwards: none always runs behind the same neighbour.
            for (int i = 0; i < candidates.Count; i++)
            {
                int at = round % 2 == 0 ? i : candidates.Count - 1 - i;
                Action step = candidates[at].Step;
                samples[at, round] = Sample.Of(() => Repeat(step, steps));
                Report(candidates[at].Name, round, samples[at, round]);
            }
        }
        return [.. Enumerable.Range(0, candidates.Count).Select(Summary)];

        Result Summary(int at)
        {
            Sample[] own = Row(at), first = Row(0);
            double[] cpu = [.. own.Zip(first, (a, b) => a.Cpu / b.Cpu).Order()];
            return new Result(candidates[at].Name, Median(own.Select(one => one.Wall)) / steps, Median(own.Select(one => one.Cpu)) / steps,
                Median(own.Zip(first, (a, b) => a.Wall / b.Wall)), Median(cpu), cpu[cpu.Length / 4], cpu[cpu.Length * 3 / 4]);
        }

        Sample[] Row(int at) => [.. Enumerable.Range(0, rounds).Select(round => samples[at, round])];
    }

    /// <summary>Prints the results as a table.</summary>
    public static void Print(IReadOnlyList<Result> results)
    {
        int width = results.Max(one => one.Name.Length) + 2;
        Console.WriteLine($"  {"".PadRight(width)}{"ms CPU",10}{"ms clock",10}{"ratio CPU",12}{"(quartiles)",16}{"ratio clock",13}");
        foreach (Result one in results)
        {
            string quartiles = $"({one.Low:F3}-{one.High:F3})";
            Console.WriteLine(
                $"  {one.Name.PadRight(width)}{one.Cpu * 1e3,10:F3}{one.Wall * 1e3,10:F3}"
                + $"{one.CpuRatio,12:F3}{quartiles,16}{one.WallRatio,13:F3}");
        }
    }

    // Long blocks say that they go on, on standard error: the tables are the output.
    private static void Report(string name, int round, Sample sample)
    {
        if (sample.Wall > 1)
            Console.Error.WriteLine($"  round {round + 1}, {name}: {sample.Cpu:F1} CPU s");
    }

    private static void Repeat(Action step, int times)
    {
        for (int i = 0; i < times; i++)
            step();
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
