using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Benchmarks;

/// <summary>What the figures were measured on: a ratio can be believed only beside the load and the peak of the same process.</summary>
internal static class Machine
{
    private const int Size = 1024;

    public static string Describe() =>
        $"{Environment.ProcessorCount} cores, load {Load()}, one thread; fp32 GEMM {Gemm():F0} GFLOP a CPU second";

    private static string Load()
    {
        try
        {
            return string.Join(' ', File.ReadAllText("/proc/loadavg").Split(' ')[..3]);
        }
        catch (IOException)
        {
            return "unknown";
        }
    }

    private static double Gemm()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Tensor a = randn(Size, Size), b = randn(Size, Size);
        a.mm(b).Dispose();
        double[] rates = [.. Enumerable.Range(0, 5).Select(_ => 2.0 * Size * Size * Size / Sample.Of(() => a.mm(b).Dispose()).Cpu / 1e9)];
        return rates.Max();
    }
}

/// <summary>Seconds that a piece of work took, by the clock and of the process's CPU time.</summary>
internal readonly record struct Sample(double Wall, double Cpu)
{
    /// <summary>Runs the work once.</summary>
    public static Sample Of(Action work)
    {
        TimeSpan cpu = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        work();
        return new Sample(Stopwatch.GetElapsedTime(start).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalSeconds);
    }
}
