using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests;

/// <summary>Numbers that operations take must live as long as these run, whatever the garbage collector does meanwhile.</summary>
public sealed class ScalarsTests
{
    private const int Rounds = 30_000;

    [Fact]
    public void CollectionsDoNotFreeWhatAnOperationReads()
    {
        using var scope = NewDisposeScope();
        using Tensor x = full(8, Scalars.Of(2.0)), y = full(8, Scalars.Of(3.0));
        using var end = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!end.IsCancellationRequested)
            {
                GC.Collect(0);
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        try
        {
            for (int i = 0; i < Rounds; i++)
            {
                using Tensor sum = x.Plus(y), scaled = sum.Times(0.5);
                Assert.Equal(2.5f, scaled[0].item<float>());
            }
        }
        finally
        {
            end.Cancel();
            collector.Join();
        }
    }
}
