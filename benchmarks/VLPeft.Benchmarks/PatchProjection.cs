using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using static TorchSharp.torch;

namespace VLPeft.Benchmarks;

/// <summary>Pictures cut into patches in bf16: oneDNN's convolution against the matrix product that the library takes.</summary>
internal static class PatchProjection
{
    public static void Run()
    {
        foreach ((long batch, long side, long patch, long width) in new[] { (1L, 384L, 16L, 1024L), (8, 384, 16, 1024), (16, 224, 16, 768) })
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            Conv2d projection = nn.Conv2d(3, width, patch, stride: patch);
            projection.to(ScalarType.BFloat16);
            Tensor pictures = randn(batch, 3, side, side).to(ScalarType.BFloat16);
            Console.WriteLine($"  {batch} pictures of {side} x {side}, patches of {patch}, {width} wide");
            Interleaved.Print(Interleaved.Measure(
            [
                ("convolution", () => Scoped(() => projection.call(pictures).flatten(2).transpose(1, 2))),
                ("matrix product", () => Scoped(() => PatchModule.Project(projection, pictures))),
            ], steps: 5, rounds: 15));
        }
    }

    private static void Scoped(Action step)
    {
        using var scope = NewDisposeScope();
        step();
    }
}
