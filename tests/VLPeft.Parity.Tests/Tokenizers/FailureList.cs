using Xunit;

namespace VLPeft.Parity.Tests;

/// <summary>Collects what differs, so that one run shows all of it.</summary>
internal sealed class FailureList
{
    private const int Shown = 20;

    private readonly List<string> failures = [];

    public void Compare(string field, string text, int[] expected, int[] actual)
    {
        if (!expected.AsSpan().SequenceEqual(actual))
            Add(field, $"\"{FixtureText.Show(text)}\"", $"[{string.Join(' ', expected)}]", $"[{string.Join(' ', actual)}]");
    }

    public void Compare(string field, int[] ids, string expected, string actual)
    {
        if (!string.Equals(expected, actual, StringComparison.Ordinal))
            Add(field, $"[{string.Join(' ', ids)}]", $"\"{FixtureText.Show(expected)}\"", $"\"{FixtureText.Show(actual)}\"");
    }

    public void AssertNone() =>
        Assert.True(failures.Count == 0, $"{failures.Count} differ:\n{string.Join('\n', failures.Take(Shown))}");

    private void Add(string field, string of, string expected, string actual) =>
        failures.Add($"{field} of {of}: expected {expected}, got {actual}");
}
