using System.Globalization;
using System.Runtime.CompilerServices;
using TorchSharp;
using VLPeft.Experiments;
using VLPeft.Models;
using VLPeft.Preprocessing;
using VLPeft.Recipes;
using VLPeft.Training;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Benchmarks;

/// <summary>
/// A training step of the paper's CLIP-BART recipe (LoRA r = 128, multiply) with random weights of BART-base and CLIP-RN101: 16 pictures through the frozen encoder,
/// questions of 20 tokens, answers of 5; and the most memory that the process ever had.
/// </summary>
internal static class ClipBartStep
{
    private const int Batch = 16, Text = 20, Answer = 5, Steps = 4;

    public static void Run()
    {
        Recipe recipe = PaperRecipe();
        using MultitaskSystem system = Load(recipe);
        using var optimizer = new FusedAdamW(system.TrainableParameters, new AdamWOptions { Epsilon = recipe.Training.Epsilon });
        system.Train();
        IVisionEncoder encoder = system.Backbones.Vision!.Encoder;
        encoder.Module.eval();
        Console.WriteLine($"  {system.TrainableParameters.Sum(one => one.Parameter.numel()):N0} trainable parameters; after loading {Peak():F2} GB at most");
        Sample[] steps = [.. Enumerable.Range(0, Steps).Select(_ => Sample.Of(() => Step(system, encoder, optimizer)))];
        Console.WriteLine($"  a step: {steps.Skip(1).Min(one => one.Cpu):F2} CPU s, the first {steps[0].Cpu:F2}");
        Console.WriteLine($"  most memory of the process: {Peak():F2} GB; target ≤ 4");
    }

    private static void Step(MultitaskSystem system, IVisionEncoder encoder, FusedAdamW optimizer)
    {
        using var scope = NewDisposeScope();
        Tensor tokens;
        using (no_grad())
            tokens = encoder.Encode(randn(Batch, encoder.Channels, encoder.ImageSize, encoder.ImageSize)).LastHiddenState.unsqueeze(1);
        IEncoderDecoder text = system.Backbones.Text;
        Tensor ids = randint(4, text.VocabularySize, [Batch, Text], ScalarType.Int64), labels = randint(4, text.VocabularySize, [Batch, Answer], ScalarType.Int64);
        optimizer.ZeroGradients();
        Tensor logits = system.Model.call(ids, ones_like(ids), new ImageTokens(tokens), EncoderDecoderLoss.Targets(labels, text.StartId, text.PaddingId));
        EncoderDecoderLoss.Of(logits, labels, null).backward();
        optimizer.Step(1e-3);
    }

    private static MultitaskSystem Load(Recipe recipe)
    {
        var random = new BackboneOptions { Weights = BackboneWeights.Random, Pooler = PoolerSource.None };
        IVisionEncoder encoder = VisionEncoders.FromFolder(recipe.Vision.Model!, random);
        var backbones = new MultitaskBackbones(
            EncoderDecoders.FromFolder(recipe.Text.Model!, random), new VisionBackbone(encoder, ImageProcessor.FromFolder(recipe.Vision.Model!)));
        return MultitaskSystem.Assemble(recipe, backbones, encoder.Width);
    }

    private static Recipe PaperRecipe([CallerFilePath] string here = "")
    {
        string paper = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "..", "..", "recipes", "paper"));
        Environment.SetEnvironmentVariable("VLPEFT_MODELS", Path.Combine(paper, "models"));
        return Recipe.Load(Path.Combine(paper, "clip-bart", "multitask-lora-multiply.yaml"), []);
    }

    // VmHWM, in kB.
    private static double Peak() => File.ReadLines("/proc/self/status").First(line => line.StartsWith("VmHWM", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var kb, ..]
        ? double.Parse(kb, CultureInfo.InvariantCulture) / (1 << 20) : double.NaN;
}
