using TorchSharp;
using VLPeft.Benchmarks;

(string Name, string What, Action Run)[] all =
[
    ("demo-step", "the demo's training step against the same step written by hand; target ≤ 1.3×", DemoStep.Run),
    ("routing-overhead", "each routing function over none at r = 128, T = 20, d = 1024; target ≤ 5 %", RoutingOverhead.Run),
    ("optimizer", "one AdamW step of many small parameters against TorchSharp's AdamW", OptimizerStep.Run),
    ("checkpoint", "opening a 1.4 GB safetensors file (made in the temp folder) against reading it; target ≤ 0.2 s", CheckpointOpen.Run),
    ("caption-decoding", "beam-5 captions with GPT2-medium under each routing function over no adapter; target ≤ 1.15×", CaptionDecoding.Run),
    ("decoding-parts", "one step of beam search at that size, part by part", DecodingParts.Run),
    ("clip-bart", "memory and time of a step with BART-base and CLIP-RN101 at batch 16; target ≤ 4 GB", ClipBartStep.Run),
    ("patches", "ViT's patches of a batch of pictures, in bf16: the library's matrix product against the convolution", PatchProjection.Run),
    ("images", "images decoded, resized, normalised a second, on one core", ImagePipeline.Run),
    ("captions", "the official scores of 40,000 captions with 5 references each, without METEOR, on all cores; target ≤ 20 s", CaptionScoring.Run),
];

if (args is not [var name] || name is "--help" or "-h" or "-?")
{
    Console.WriteLine("Usage: dotnet run -c Release --project benchmarks/VLPeft.Benchmarks -- NAME\n");
    foreach ((string each, string what, _) in all.Append(("all", "everything above", () => { })))
        Console.WriteLine($"  {each,-18}{what}");
    Console.WriteLine("\nRatios are medians over interleaved blocks; times move with the machine.");
    return args is [_] ? 0 : 2;
}

(string Name, string What, Action Run)[] chosen = name == "all" ? all : [.. all.Where(one => one.Name == name)];
if (chosen.Length == 0)
{
    Console.Error.WriteLine($"'{name}' is no benchmark; there are {string.Join(", ", all.Select(one => one.Name))} and all.");
    return 2;
}
torch.set_num_threads(1);
Console.WriteLine(Machine.Describe());
foreach ((string each, string what, Action run) in chosen)
{
    Console.WriteLine($"\n{each}: {what}");
    run();
}
return 0;
