using System.Text.RegularExpressions;
using VLPeft.Recipes;
using Xunit;

namespace VLPeft.Tests.Docs;

/// <summary>What the pages name is there.</summary>
public sealed partial class DocumentationTests
{
    private static readonly string Root = DocumentedCode.Root;

    private static readonly string[] PageNames =
        ["README.md", "CHANGELOG.md", .. Directory.EnumerateFiles(Path.Combine(Root, "docs"), "*.md").Select(file => Path.GetRelativePath(Root, file))];

    private static readonly Lazy<string> TestSources = new(() => string.Join('\n', Directory
        .EnumerateFiles(Path.Combine(Root, "tests"), "*.cs", SearchOption.AllDirectories)
        .Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal))
        .Select(File.ReadAllText)));

    public static TheoryData<string> Pages => [.. PageNames];

    [Theory, MemberData(nameof(Pages))]
    public void Links_and_paths_lead_somewhere(string page)
    {
        string text = DocumentedCode.Text(page), folder = Path.GetDirectoryName(Path.Combine(Root, page))!;

        Assert.All(Link().Matches(text), link => Assert.True(Path.Exists(Path.Combine(folder, link.Groups[1].Value)), link.Value));
        Assert.All(SourcePath().Matches(text), path => Assert.True(Path.Exists(Path.Combine(Root, path.Groups[1].Value)), path.Value));
    }

    [Fact]
    public void Tests_that_pin_deviations_exist()
    {
        MatchCollection named = TestName().Matches(DocumentedCode.Text("docs", "deviations.md"));

        Assert.NotEmpty(named);
        Assert.All(named, test =>
        {
            Assert.Contains($"class {test.Groups[1].Value}", TestSources.Value, StringComparison.Ordinal);
            Assert.Contains($" {test.Groups[2].Value}(", TestSources.Value, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Every_key_of_a_recipe_is_described_with_its_default()
    {
        string page = DocumentedCode.Text("docs", "recipes.md");

        Assert.Equal(Rows(typeof(Recipe), "").Order(), Row().Matches(page).Select(row => row.Groups[1].Value).Order());
    }

    /// <summary>"| `key` | default |", as the tables have it.</summary>
    private static IEnumerable<string> Rows(Type section, string prefix)
    {
        object defaults = Activator.CreateInstance(section)!;
        foreach ((string key, System.Reflection.PropertyInfo property) in RecipeNames.KeysOf(section))
        {
            if (RecipeNames.IsSection(property.PropertyType))
            {
                foreach (string row in Rows(property.PropertyType, $"{prefix}{key}."))
                    yield return row;
                continue;
            }
            string shown = property.GetValue(defaults) switch
            {
                null or "" or System.Collections.ICollection { Count: 0 } => "–",
                bool flag => flag ? "true" : "false",
                Enum value => RecipeNames.Kebab(value.ToString()),
                IFormattable number => number.ToString(null, System.Globalization.CultureInfo.InvariantCulture),
                object other => other.ToString()!,
            };
            yield return $"| `{prefix}{key}` | {shown} |";
        }
    }

    [GeneratedRegex(@"\]\((?!https?:)([^)#]+)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`((?:src|tests|docs|recipes)/[A-Za-z0-9_./-]+)`")]
    private static partial Regex SourcePath();

    [GeneratedRegex(@"`([A-Z][A-Za-z0-9]*Tests)\.([A-Z][A-Za-z0-9_]*)`")]
    private static partial Regex TestName();

    [GeneratedRegex(@"^(\| `[a-z0-9.-]+` \| [^|]+ \|)", RegexOptions.Multiline)]
    private static partial Regex Row();
}
