using System.ComponentModel;
using System.Diagnostics;
using System.Text.Encodings.Web;
using System.Text.Json;
using VLPeft.Checkpoints;
using VLPeft.Data;

namespace VLPeft.Evaluation.Captions;

/// <summary>
/// SPICE (Anderson et al., ECCV 2016) by its official program, <c>spice-1.0.jar</c>, in a Java process as the official caption evaluation
/// runs it. The jar must lie beside its <c>lib</c> folder with Stanford CoreNLP 3.6.0.
/// </summary>
public sealed class Spice
{
    private const int ErrorLength = 500;

    private readonly string _jar;
    private readonly string _java;

    /// <summary>Names the program; nothing is started.</summary>
    /// <param name="jar">spice-1.0.jar.</param>
    /// <param name="java">The Java program, looked up in PATH.</param>
    /// <exception cref="InvalidInputException">There is no such jar.</exception>
    public Spice(string jar, string java = "java")
    {
        _jar = Path.GetFullPath(jar);
        _java = java;
        if (!File.Exists(_jar))
            throw new InvalidInputException($"{jar}: no such file; expected SPICE's official spice-1.0.jar.");
    }

    /// <summary>Scores tokenized captions: a picture's score is the F-score of all tuples, the set's the mean. Takes minutes.</summary>
    /// <exception cref="InvalidInputException">Java is absent, the program fails, or what it writes is not its scores.</exception>
    public CaptionMetric Score(IReadOnlyList<CaptionExample> examples)
    {
        string folder = Directory.CreateTempSubdirectory("vlpeft-spice-").FullName;
        try
        {
            string input = Path.Combine(folder, "input.json"), output = Path.Combine(folder, "output.json");
            WriteInput(input, examples);
            Run(input, output);
            double[] scores = ReadOutput(output, examples);
            return new CaptionMetric(scores.Average(), scores);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void WriteInput(string path, IReadOnlyList<CaptionExample> examples)
    {
        using FileStream stream = File.Create(path);
        using var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        json.WriteStartArray();
        foreach (CaptionExample example in examples)
        {
            json.WriteStartObject();
            json.WriteString("image_id", example.ImageId);
            json.WriteString("test", example.Candidate);
            json.WriteStartArray("refs");
            foreach (string reference in example.References)
                json.WriteStringValue(reference);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private void Run(string input, string output)
    {
        string[] arguments = ["-Xmx8G", "-jar", _jar, input, "-out", output, "-subset", "-silent"];
        var start = new ProcessStartInfo(_java, arguments)
        {
            UseShellExecute = false,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = Path.GetDirectoryName(_jar),
        };
        using Process process = Start(start);
        Task<string> printed = process.StandardOutput.ReadToEndAsync();
        string error = process.StandardError.ReadToEnd().Trim();
        printed.GetAwaiter().GetResult();
        process.WaitForExit();
        if (process.ExitCode != 0 || !File.Exists(output))
        {
            throw new InvalidInputException(
                $"{_jar}: expected SPICE's scores, but the program ended with exit code {process.ExitCode}" +
                $"{(error.Length == 0 ? "." : $": {error[Math.Max(0, error.Length - ErrorLength)..]}")}");
        }
    }

    private Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception e)
        {
            throw new InvalidInputException(
                $"SPICE needs Java: '{_java}' can't be started ({e.Message}). Install a Java runtime or leave SPICE out.", e);
        }
    }

    private double[] ReadOutput(string path, IReadOnlyList<CaptionExample> examples)
    {
        using JsonDocument json = JsonFile.Parse(path);
        Dictionary<string, double> scores = new(StringComparer.Ordinal);
        if (json.RootElement.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in json.RootElement.EnumerateArray())
            {
                if (FScore(item) is var (id, score))
                    scores[id] = score;
            }
        }
        return [.. examples.Select(example => scores.TryGetValue(example.ImageId, out double score)
            ? score
            : throw new InvalidInputException(
                $"{_jar}: expected SPICE's F-score of image_id {example.ImageId}, which its output does not have."))];
    }

    /// <summary>A picture's id and <c>scores.All.f</c>; null where they are missing or no number.</summary>
    private static (string Id, double Score)? FScore(JsonElement item) =>
        item.ValueKind == JsonValueKind.Object
        && item.TryGetProperty("image_id", out JsonElement id)
        && item.TryGetProperty("scores", out JsonElement scores) && scores.ValueKind == JsonValueKind.Object
        && scores.TryGetProperty("All", out JsonElement all) && all.ValueKind == JsonValueKind.Object
        && all.TryGetProperty("f", out JsonElement f) && f.ValueKind == JsonValueKind.Number
            ? (id.ToString(), f.GetDouble())
            : null;
}
