using System.Text.RegularExpressions;

namespace VLPeft.Peft;

/// <summary>Module names that differ in the layer's number only, as one: "encoder.layer.{0-5}.attention.self.query".</summary>
internal static partial class LayerGroups
{
    /// <summary>Groups items that are alike but for the layer, in the order of each group's first item.</summary>
    /// <param name="items">What is listed.</param>
    /// <param name="nameOf">An item's module or parameter name.</param>
    /// <param name="rest">What else must be the same within a group.</param>
    /// <returns>The group's name and its items.</returns>
    public static IEnumerable<(string Name, IReadOnlyList<T> Items)> Of<T>(IEnumerable<T> items, Func<T, string> nameOf, Func<T, object> rest)
    {
        foreach (IGrouping<(string, string, object), T> group in items.GroupBy(item => (Around(nameOf(item)).Before, Around(nameOf(item)).After, rest(item))))
        {
            T[] members = [.. group];
            int?[] numbers = [.. members.Select(item => Around(nameOf(item)).Number)];
            yield return (members.Length == 1 || numbers[0] is null
                ? string.Join(", ", members.Select(nameOf))
                : $"{group.Key.Item1}{{{Ranges([.. numbers.Select(number => number!.Value)])}}}{group.Key.Item2}", members);
        }
    }

    // The first number in a name is the layer's: encoder.layer.3.output.dense, h.3.attn.
    private static (string Before, int? Number, string After) Around(string name)
    {
        Match match = Number().Match(name);
        return match.Success && int.TryParse(match.Value, out int number)
            ? (name[..match.Index], number, name[(match.Index + match.Length)..])
            : (name, null, "");
    }

    private static string Ranges(int[] numbers)
    {
        Array.Sort(numbers);
        var parts = new List<string>();
        for (int start = 0, end; start < numbers.Length; start = end)
        {
            for (end = start + 1; end < numbers.Length && numbers[end] == numbers[end - 1] + 1; end++)
            {
            }
            parts.Add(end - start == 1 ? $"{numbers[start]}" : $"{numbers[start]}-{numbers[end - 1]}");
        }
        return string.Join(',', parts);
    }

    [GeneratedRegex(@"(?<=^|\.)[0-9]+(?=\.|$)")]
    private static partial Regex Number();
}
