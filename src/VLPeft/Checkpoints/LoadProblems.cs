namespace VLPeft.Checkpoints;

/// <summary>Collects all that does not fit between a checkpoint and a model, for one message.</summary>
internal sealed class LoadProblems
{
    private const int MaxListed = 20;

    private readonly List<(string Title, List<string> Items)> sections = [];

    public void Add(string title, string item)
    {
        int i = sections.FindIndex(section => section.Title == title);
        if (i < 0)
            sections.Add((title, [item]));
        else
            sections[i].Items.Add(item);
    }

    /// <exception cref="InvalidInputException">There are any.</exception>
    public void ThrowIfAny(string model, string source)
    {
        if (sections.Count == 0)
            return;
        IEnumerable<string> parts = sections.Select(section => $"{section.Items.Count} {section.Title}: {List(section.Items)}");
        throw new InvalidInputException($"The weights in '{source}' do not fit the model {model}. {string.Join(". ", parts)}.");
    }

    private static string List(List<string> items) =>
        string.Join(", ", items.Take(MaxListed)) + (items.Count > MaxListed ? $" and {items.Count - MaxListed} more" : "");
}
