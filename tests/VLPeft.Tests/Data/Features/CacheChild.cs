using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using VLPeft.Data.Features;

namespace VLPeft.Tests.Data.Features;

/// <summary>This test program once more, as another process that fills a cache: told so by an environment variable.</summary>
internal static class CacheChild
{
    public const string Once = "once", Forever = "forever", FullDisk = "full disk";
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
        int exitCode = 0;
        var options = new FeatureCacheOptions { CommitInterval = TimeSpan.FromMilliseconds(3) };
        using (FeatureCache cache = FeatureCache.Open(folder, Kind, options))
        {
            switch (Environment.GetEnvironmentVariable(ModeVariable))
            {
                case Once: AddAll(cache); break;
                case Forever: AddForever(cache); break;
                case FullDisk: exitCode = FillTheDisk(cache); break;
            }
        }
        Environment.Exit(exitCode);
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

    /// <summary>
    /// No file of this process may grow beyond a few rows: the same error path as a full disk, which a test can't have. Ends with 0 when
    /// the error came, named the cache, and left it readable and, once there is room again, writable.
    /// </summary>
    private static int FillTheDisk(FeatureCache cache)
    {
        Native.signal(Native.FileTooLargeSignal, Native.Ignore);
        var limit = new Native.Limit { Soft = 4096 + 12 * (ulong)Kind.BytesPerImage + 100, Hard = ulong.MaxValue };
        if (Native.setrlimit(Native.FileSize, limit) != 0)
            return 3;
        try
        {
            AddAll(cache);
            return 4;
        }
        catch (IOException e) when (e.Message.Contains(cache.Folder) && e.Message.Contains("is whole"))
        {
            int whole = SampleFeatures.Present(cache, Enumerable.Range(0, Pictures)).Count;
            limit.Soft = ulong.MaxValue;
            if (Native.setrlimit(Native.FileSize, limit) != 0)
                return 3;
            AddAll(cache);
            return whole == 12 && SampleFeatures.Present(cache, Enumerable.Range(0, Pictures)).Count == Pictures ? 0 : 5;
        }
    }

    private static class Native
    {
        public const int FileTooLargeSignal = 25, FileSize = 1;
        public const nint Ignore = 1;

        public struct Limit
        {
            public ulong Soft, Hard;
        }

        [DllImport("libc")]
        public static extern int setrlimit(int resource, in Limit limit);

        [DllImport("libc")]
        public static extern nint signal(int number, nint handler);
    }
}
