using System.Runtime.CompilerServices;
using Xunit;

namespace VLPeft.TestData;

/// <summary>
/// Other people's data (vocabularies, real weights, data sets), which is never committed: the folder named by VLPEFT_SHARED, or
/// "shared" beside the checkout. A test that needs it skips with a reason where it is absent.
/// </summary>
public static class SharedData
{
    private static readonly string? Root = Find();

    /// <summary>The path below the shared folder; skips the running test when it does not exist.</summary>
    public static string Require(params string[] parts)
    {
        string path = Path.Combine([Root ?? "../shared", .. parts]);
        Assert.SkipUnless(Path.Exists(path), $"needs {string.Join('/', parts)} of the shared data (set VLPEFT_SHARED, or lay it beside the checkout)");
        return path;
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("VLPEFT_SHARED") is { Length: > 0 } named)
            return Path.GetFullPath(named);
        string beside = Path.GetFullPath(Path.Combine(RepositoryRoot(), "..", "shared"));
        return Directory.Exists(beside) ? beside : null;
    }

    /// <summary>The checkout this test was compiled in.</summary>
    public static string RepositoryRoot() => Path.GetDirectoryName(Path.GetDirectoryName(ThisFile()))!;

    private static string ThisFile([CallerFilePath] string here = "") => here;
}
