using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using VLPeft.Checkpoints;
using VLPeft.Training;

namespace VLPeft.Pretraining;

/// <summary>The folder a pre-trained model goes to, and the work folder beside it, from which an interrupted run goes on.</summary>
internal sealed class PretrainingFolder
{
    private const string ReportName = "pretraining.json";

    public static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly string work;

    /// <exception cref="InvalidInputException">The folder holds something else than a pre-trained model of this kind.</exception>
    public PretrainingFolder(string output, string kind)
    {
        ArgumentException.ThrowIfNullOrEmpty(output);
        Path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(output));
        work = Path + ".pretraining";
        if (File.Exists(Path))
            throw new InvalidInputException($"The output '{Path}' is a file; expected a folder, or a name that is free.");
        if (!Directory.Exists(Path) || !Directory.EnumerateFileSystemEntries(Path).Any())
            return;
        string report = System.IO.Path.Combine(Path, ReportName);
        if (File.Exists(report) ? KindOf(report) != kind : !Directory.Exists(work))
        {
            throw new InvalidInputException(
                $"The output folder '{Path}' holds other files; expected an empty or new folder, or an earlier result "
                + "of the same command.");
        }
    }

    public string Path { get; }

    public RunFolder Run => new(work);

    /// <summary>Where the result is put together; <see cref="Finish"/> moves it to its place as a whole.</summary>
    public string Staging => System.IO.Path.Combine(work, "result");

    public string In(string name) => System.IO.Path.Combine(Staging, name);

    /// <summary>Writes tokenizer_config.json and special_tokens_map.json.</summary>
    public void WriteSpecialTokens(JsonObject names)
    {
        AtomicFile.WriteText(In("special_tokens_map.json"), names.ToJsonString(Json) + "\n");
        JsonObject configuration = names.DeepClone().AsObject();
        configuration["tokenizer_class"] = "PreTrainedTokenizerFast";
        AtomicFile.WriteText(In("tokenizer_config.json"), configuration.ToJsonString(Json) + "\n");
    }

    /// <summary>Makes the result complete: the report comes last, the folder takes the place of an earlier one, then the work folder goes.</summary>
    public void Finish(PretrainingReport report)
    {
        AtomicFile.WriteText(In(ReportName), JsonSerializer.Serialize(report, Json) + "\n");
        if (Directory.Exists(Path))
        {
            KeepOthers();
            string earlier = System.IO.Path.Combine(work, "earlier");
            if (Directory.Exists(earlier))
                Directory.Delete(earlier, recursive: true);
            Directory.Move(Path, earlier);
        }
        Directory.Move(Staging, Path);
        Directory.Delete(work, recursive: true);
    }

    // What lies beside an earlier result may be the user's own: a README, notes.
    private void KeepOthers()
    {
        foreach (string file in Directory.EnumerateFiles(Path, "*", SearchOption.AllDirectories))
        {
            string kept = In(System.IO.Path.GetRelativePath(Path, file));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(kept)!);
            if (!File.Exists(kept))
                File.Copy(file, kept);
        }
    }

    private static string? KindOf(string path)
    {
        using JsonDocument document = JsonFile.ReadObject(path, "report of an earlier pre-training");
        return document.RootElement.TryGetProperty("kind", out JsonElement kind) ? kind.ToString() : null;
    }
}
