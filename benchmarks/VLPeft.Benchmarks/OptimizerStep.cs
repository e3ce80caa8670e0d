using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Training;
using static TorchSharp.torch;

namespace VLPeft.Benchmarks;

/// <summary>One optimizer step of many parameters, the gradients given.</summary>
internal static class OptimizerStep
{
    public static void Run()
    {
        foreach ((int count, long length) in new[] { (60, 512L), (400, 1_024L), (400, 16_384L) })
        {
            Console.WriteLine($"  {count} parameters of {length:N0} elements");
            Parameter[] ours = Parameters(count, length), theirs = Parameters(count, length);
            using var fused = new FusedAdamW([.. ours.Select((one, i) => ($"p{i}", one))], new AdamWOptions());
            using var plain = optim.AdamW(theirs, 1e-3, eps: 1e-6, weight_decay: 0);
            foreach (Parameter one in ours.Concat(theirs)) // now: FusedAdamW drops gradients from before
                one.grad = randn(length);
            Interleaved.Print(Interleaved.Measure(
            [
                ("TorchSharp's AdamW", () => Scoped(() => plain.step())),
                ("FusedAdamW", () => Scoped(() => fused.Step(1e-3))),
            ], steps: 10, rounds: 9));
        }
    }

    private static void Scoped(Action step)
    {
        using var scope = NewDisposeScope();
        step();
    }

    private static Parameter[] Parameters(int count, long length) =>
        [.. Enumerable.Range(0, count).Select(_ => new Parameter(randn(length)))];
}
