using System.Text.Json;

namespace VLPeft.Data;

/// <summary>
/// Reads easy-VQA (Zhou 2020, github.com/vzhou842/easy-VQA): <c>FOLDER/train</c> and <c>FOLDER/test</c>, each with <c>questions.json</c>,
/// an array of [question, answer, picture id], and <c>images/ID.png</c>.
/// </summary>
/// <remarks>
/// Picture ids are unique in their split only, so each split has its own image source. The data has no question ids: they are the places
/// in the file, from 0. The one answer is given ten times, as by ten annotators who agree, so that soft targets and the official accuracy
/// hold: a right prediction scores 100, any other 0. Question types: "is there", "is there not", "what color", "what shape".
/// </remarks>
public static class EasyVqaReader
{
    private const int Annotators = 10;

    /// <summary>Reads a split, in the order of its file.</summary>
    /// <param name="folder">The folder that holds the splits.</param>
    /// <param name="split">"train" or "test".</param>
    /// <exception cref="InvalidInputException">No such split, a damaged file, another shape, an empty question or answer.</exception>
    public static IReadOnlyList<VqaExample> Read(string folder, string split)
    {
        string path = Path.Combine(SplitFolder(folder, split), "questions.json");
        var pool = new TextPool();
        var unanimous = new Dictionary<string, string[]>();
        List<VqaExample> examples = [];
        JsonRecords.ForEach(path, null, "question", (ref record, where) =>
        {
            record.Read();
            where.Expect(in record, JsonTokenType.StartArray, "[question, answer, picture id]");
            string question = where.Text(ref record, "question", pool);
            string answer = where.Text(ref record, "answer", pool);
            long image = where.Integer(ref record, "picture id");
            record.Read();
            where.Expect(in record, JsonTokenType.EndArray, "after the picture id");
            if (string.IsNullOrWhiteSpace(question) || string.IsNullOrWhiteSpace(answer))
                throw where.Error("the question or its answer is empty.");
            if (!unanimous.TryGetValue(answer, out string[]? answers))
                unanimous.Add(answer, answers = [.. Enumerable.Repeat(answer, Annotators)]);
            examples.Add(Example(where.Index, image, question, answers));
        });
        return examples.Count > 0 ? examples : throw new InvalidInputException($"{path}: expected at least one question, found none.");
    }

    /// <summary>The pictures of a split.</summary>
    /// <exception cref="InvalidInputException">No such split, or no pictures in it.</exception>
    public static FolderImageSource Images(string folder, string split) => new(Path.Combine(SplitFolder(folder, split), "images"));

    private static VqaExample Example(int id, long image, string question, string[] answers)
    {
        bool yesNo = answers[0] is "yes" or "no";
        string type = yesNo ? IsNegated(question) ? "is there not" : "is there"
            : question.Contains("color", StringComparison.Ordinal) ? "what color" : "what shape";
        return new VqaExample(id, image, question, type, yesNo ? "yes/no" : "other", answers) { MultipleChoiceAnswer = answers[0] };
    }

    private static bool IsNegated(string question) =>
        question.Contains(" not ", StringComparison.Ordinal) || question.StartsWith("is no ", StringComparison.Ordinal);

    private static string SplitFolder(string folder, string split)
    {
        string path = Path.Combine(folder, split);
        if (Directory.Exists(path))
            return path;
        string[] folders = Directory.Exists(folder) ? Directory.GetDirectories(folder) : [];
        string found = folders.Length > 0 ? string.Join(", ", folders.Select(name => Path.GetFileName(name)).Order()) : "none";
        throw new InvalidInputException($"{folder}: expected a folder with the easy-VQA split \"{split}\" in it, found {found}.");
    }
}
