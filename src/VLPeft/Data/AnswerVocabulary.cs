using System.Collections;
using System.Text.Encodings.Web;
using System.Text.Json;
using VLPeft.Checkpoints;
using VLPeft.Evaluation;

namespace VLPeft.Data;

/// <summary>The answers a classifier chooses among: answer i is what its output i stands for.</summary>
public sealed class AnswerVocabulary : IReadOnlyList<string>
{
    private static readonly JsonSerializerOptions Readable = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    };

    private readonly string[] _answers;
    private readonly Dictionary<string, int> _indices;

    /// <summary>A vocabulary of these answers in this order.</summary>
    /// <param name="answers">At least one, all different. An empty text is a legal answer: the usual 3,129 of VQAv2 have it.</param>
    /// <exception cref="InvalidInputException">No answer, or one that stands twice.</exception>
    public AnswerVocabulary(IEnumerable<string> answers) : this(answers, "answer vocabulary") { }

    private AnswerVocabulary(IEnumerable<string> answers, string source)
    {
        _answers = [.. answers];
        if (_answers.Length == 0)
            throw new InvalidInputException($"{source}: expected at least one answer, found none.");
        _indices = new Dictionary<string, int>(_answers.Length, StringComparer.Ordinal);
        for (int index = 0; index < _answers.Length; index++)
        {
            string answer = _answers[index];
            if (!_indices.TryAdd(answer, index))
                throw new InvalidInputException($"{source}: expected different answers, {_indices[answer]} and {index} are \"{answer}\".");
        }
    }

    /// <summary>How many answers there are.</summary>
    public int Count => _answers.Length;

    /// <summary>The answer of an index.</summary>
    public string this[int index] => _answers[index];

    /// <summary>The index of an answer, compared exactly; -1 when it is not in the vocabulary.</summary>
    public int IndexOf(string answer) => _indices.GetValueOrDefault(answer, -1);

    /// <inheritdoc/>
    public IEnumerator<string> GetEnumerator() => ((IEnumerable<string>)_answers).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>
    /// The answers that are the common one of at least <paramref name="minCount"/> questions, as the preprocessing of bottom-up-attention
    /// VQA counts them (whose labels LXMERT and VL-T5 use): of each question its most common answer alone
    /// (<see cref="VqaExample.MultipleChoiceAnswer"/>; where the data set names none the most frequent of the answers, the first of
    /// several), processed as the official evaluator does (<see cref="VqaAnswerText.Normalise"/>, without its strip).
    /// </summary>
    /// <param name="examples">Their answers, by that practice those of training and validation together.</param>
    /// <param name="minCount">9 by that practice, which gives 3,129 answers on VQAv2.</param>
    /// <returns>Most frequent first; equally frequent ones in ordinal order. That practice leaves the order open.</returns>
    /// <exception cref="InvalidInputException">An example has no answers, or no answer is frequent enough.</exception>
    public static AnswerVocabulary Build(IEnumerable<VqaExample> examples, int minCount)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(minCount);
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (IGrouping<string, VqaExample> group in examples.GroupBy(CommonAnswer))
        {
            string answer = VqaAnswerText.DigitsAndArticles(VqaAnswerText.Punctuation(group.Key));
            counts[answer] = counts.GetValueOrDefault(answer) + group.Count();
        }
        string[] kept =
        [
            .. counts.Where(entry => entry.Value >= minCount)
                .OrderByDescending(entry => entry.Value).ThenBy(entry => entry.Key, StringComparer.Ordinal)
                .Select(entry => entry.Key),
        ];
        if (kept.Length == 0)
        {
            throw new InvalidInputException(
                $"answer vocabulary: expected an answer that is the common one of at least {minCount} questions, the most frequent of " +
                $"{counts.Count} is that of {counts.Values.DefaultIfEmpty().Max()}.");
        }
        return new AnswerVocabulary(kept);
    }

    /// <summary>
    /// Reads a vocabulary: from <c>.json</c> a list of answers or an object {answer: index} (LXMERT's <c>trainval_ans2label.json</c>), from
    /// <c>.txt</c> one answer a line.
    /// </summary>
    /// <exception cref="InvalidInputException">
    /// No file, another ending, damaged, empty, an answer twice, indices other than 0 … n-1.
    /// </exception>
    public static AnswerVocabulary Load(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".json" => LoadJson(path),
        ".txt" => LoadLines(path),
        _ => throw Ending(path),
    };

    /// <summary>Writes the vocabulary: a list to <c>.json</c>, one answer a line to <c>.txt</c>.</summary>
    /// <exception cref="InvalidInputException">
    /// Another ending, or an answer that can't be a line of a <c>.txt</c> (blank, or with a line break).
    /// </exception>
    public void Save(string path)
    {
        string extension = Path.GetExtension(path).ToLowerInvariant();
        if (extension is not (".json" or ".txt"))
            throw Ending(path);
        if (extension == ".txt" && _answers.FirstOrDefault(IsNoLine) is { } answer)
            throw new InvalidInputException($"{path}: the answer \"{answer}\" can't be a line of its own; save the vocabulary as .json.");
        AtomicFile.WriteText(path, extension == ".json"
            ? JsonSerializer.Serialize(_answers, Readable) + "\n"
            : string.Concat(_answers.Select(line => line + "\n")));
    }

    private static bool IsNoLine(string answer) => string.IsNullOrWhiteSpace(answer) || answer.AsSpan().ContainsAny('\n', '\r');

    private static string CommonAnswer(VqaExample example)
    {
        if (example.MultipleChoiceAnswer.Length > 0)
            return example.MultipleChoiceAnswer;
        if (example.Answers.Count == 0)
        {
            throw new InvalidInputException(
                $"answer vocabulary: question_id {example.QuestionId} has no answers; it can't come from a split without annotations.");
        }
        // GroupBy keeps the order of first occurrence and MaxBy takes the first of several.
        return example.Answers.GroupBy(answer => answer, StringComparer.Ordinal).MaxBy(group => group.Count())!.Key;
    }

    private static AnswerVocabulary LoadJson(string path)
    {
        using JsonDocument document = JsonFile.Parse(path);
        JsonElement root = document.RootElement;
        return root.ValueKind switch
        {
            JsonValueKind.Array => FromList(path, root),
            JsonValueKind.Object => FromIndices(path, root),
            _ => throw new InvalidInputException(
                $"{path}: expected a list of answers or an object {{answer: index}}, came {JsonFile.Describe(root)}."),
        };
    }

    private static AnswerVocabulary FromList(string path, JsonElement root) => new(
        root.EnumerateArray().Select(answer => answer.ValueKind == JsonValueKind.String
            ? answer.GetString()!
            : throw new InvalidInputException($"{path}: expected a list of texts, came {JsonFile.Describe(answer)} in it.")),
        path);

    private static AnswerVocabulary FromIndices(string path, JsonElement root)
    {
        var answers = new string?[root.GetPropertyCount()];
        foreach (JsonProperty entry in root.EnumerateObject())
        {
            JsonElement value = entry.Value;
            if (value.ValueKind != JsonValueKind.Number || !value.TryGetInt32(out int index) || index < 0 || index >= answers.Length)
            {
                throw new InvalidInputException(
                    $"{path}: expected the index of \"{entry.Name}\" among 0 … {answers.Length - 1}, came {value.GetRawText()}.");
            }
            if (answers[index] is { } other)
                throw new InvalidInputException($"{path}: expected different indices, \"{other}\" and \"{entry.Name}\" both have {index}.");
            answers[index] = entry.Name;
        }
        return new AnswerVocabulary(answers!, path);
    }

    private static AnswerVocabulary LoadLines(string path)
    {
        if (!File.Exists(path))
            throw new InvalidInputException($"{path}: no such file.");
        string[] lines = File.ReadAllLines(path);
        int empty = Array.FindIndex(lines, string.IsNullOrWhiteSpace);
        if (empty >= 0)
        {
            throw new InvalidInputException(
                $"{path}: expected an answer in line {empty + 1}, which is blank; only a .json file can hold the empty answer.");
        }
        return new AnswerVocabulary(lines, path);
    }

    private static InvalidInputException Ending(string path) => new($"{path}: expected a vocabulary's file to end in .json or .txt.");
}
