using VLPeft.Preprocessing;

namespace VLPeft.Benchmarks;

/// <summary>JPEG bytes to normalised pixels, as ViT's processor wants them.</summary>
internal static class ImagePipeline
{
    private const int Most = 64;

    public static void Run()
    {
        string? folder = Folder();
        if (folder is null)
        {
            Console.WriteLine("  left out: no ../shared/datasets/mini-coco/images beside the repository");
            return;
        }
        string[] paths =
        [
            .. Directory.EnumerateFiles(folder, "*.jpg", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Take(Most),
        ];
        byte[][] files = [.. paths.Select(File.ReadAllBytes)];
        RgbImage[] images = [.. files.Select(data => ImageDecoder.Decode(data, "image"))];
        ImageProcessor processor = ImageProcessor.Known("vit", 224);
        var pixels = new float[processor.ValueCount];
        double megapixels = images.Average(one => one.Width * one.Height) / 1e6;
        Console.WriteLine($"  {files.Length} photographs, mean {megapixels:F2} megapixels; milliseconds for all of them");
        IReadOnlyList<Interleaved.Result> results = Interleaved.Measure(
        [
            ("decode", () => Array.ForEach(files, data => ImageDecoder.Decode(data, "image"))),
            ("resize and normalise", () => Array.ForEach(images, image => processor.Process(image, pixels))),
            ("both", () => Array.ForEach(files, data => processor.Process(ImageDecoder.Decode(data, "image"), pixels))),
        ], steps: 1, rounds: 7);
        Interleaved.Print(results);
        Console.WriteLine($"  {files.Length / results[2].Cpu:F0} images a CPU second");
    }

    private static string? Folder()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string folder = Path.Combine(at.FullName, "shared", "datasets", "mini-coco", "images");
            if (Directory.Exists(folder))
                return folder;
        }
        return null;
    }
}
