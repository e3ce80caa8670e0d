using System.Diagnostics;
using System.Runtime.CompilerServices;
using TorchSharp;
using VLPeft.Data.Features;

namespace VLPeft.Tests.Data.Features;

/// <summary>This test program once more, as another process that fills a cache: told so by an environment variable.</summary>
internal static class CacheChild
{
    public const string Once = "once", Forever = "forever";
    public const int Pictures = 300;
    private const string FolderVariable = "VLPEFT_TEST_CACHE_FOLDER", ModeVariable = "VLPEFT_TEST_CACHE_MODE";

    public static FeatureKind Kind { get; } = SampleFeatures.Kind(2, 50);

    public static Process Start(string folder, string mode)
    {
        string program = Path.Combine(AppContext.BaseDirectory, typeof(CacheChild).Assembly.GetName().Name!);
        var start = new ProcessStartInfo(OperatingSystem.IsWindows() ? $"{program}.exe" : program) { UseShellExecute = false };
        start.Environment[FolderVariable] = folder;
        start.Environment[ModeVariable] = mode;
        return Process.Start(start)!;
    }

    [ModuleInitializer]
    internal static void RunWhenToldTo()
    {
        if (Environment.GetEnvironmentVariable(FolderVariable) is not { } folder)
            return;
        torch.set_num_threads(1);
        using (FeatureCache cache = FeatureCache.Open(folder, Kind, new FeatureCacheOptions { CommitInterval = TimeSpan.FromMilliseconds(3) }))
        {
            if (Environment.GetEnvironmentVariable(ModeVariable) == Once)
                AddAll(cache);
            else
                AddForever(cache);
        }
        Environment.Exit(0);
    }

    private static void AddAll(FeatureCache cache)
    {
        for (int i = 0; i < Pictures; i += 10)
            SampleFeatures.Add(cache, [.. Enumerable.Range(i, 10)]);
    }

    private static void AddForever(FeatureCache cache)
    {
        using IDisposable lease = cache.Lease();
        for (int i = 0; ; i += 7)
            SampleFeatures.Add(cache, [.. Enumerable.Range(i, 7)]);
    }
}
