using System.Runtime.CompilerServices;
using Xunit;

namespace VLPeft.Tests.Docs;

/// <summary>C# in the documentation, and the same lines in a test, which stand between <c>// docs:start</c> and <c>// docs:end</c>.</summary>
internal static class DocumentedCode
{
    /// <summary>The checkout's folder.</summary>
    public static string Root { get; } = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(ThisFile())!, "..", "..", ".."));

    /// <summary>A file of the checkout.</summary>
    public static string Text(params string[] path) => File.ReadAllText(Path.Combine([Root, .. path])).ReplaceLineEndings("\n");

    /// <summary>The page's C# blocks and the test's marked regions are the same, line by line; usings stand at the top of the test.</summary>
    public static void AssertSame(string page, string test)
    {
        string source = Text("tests", "VLPeft.Tests", "Docs", test);
        string[] regions = Regions(source);
        string[] blocks = [.. Blocks(page).Select(block => WithoutUsings(block, source))];
        Assert.NotEmpty(regions);
        Assert.Equal(regions, blocks);
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;

    private static IEnumerable<string> Blocks(string page)
    {
        foreach (string part in page.ReplaceLineEndings("\n").Split("```csharp\n").Skip(1))
            yield return part[..part.IndexOf("```", StringComparison.Ordinal)].TrimEnd();
    }

    private static string[] Regions(string source) =>
        [.. source.Split("// docs:start\n").Skip(1).Select(part => Dedent(part[..part.IndexOf("// docs:end", StringComparison.Ordinal)]))];

    private static string WithoutUsings(string block, string source)
    {
        string[] lines = block.Split('\n');
        int usings = lines.TakeWhile(line => line.StartsWith("using ", StringComparison.Ordinal) && !line.Contains('=')).Count();
        Assert.All(lines[..usings], line => Assert.Contains(line + "\n", source, StringComparison.Ordinal));
        return string.Join('\n', lines[usings..]).Trim('\n');
    }

    private static string Dedent(string region)
    {
        string[] lines = region.TrimEnd().Split('\n');
        int margin = lines.Where(line => line.Length > 0).Min(line => line.Length - line.TrimStart().Length);
        return string.Join('\n', lines.Select(line => line.Length > 0 ? line[margin..] : line));
    }
}
