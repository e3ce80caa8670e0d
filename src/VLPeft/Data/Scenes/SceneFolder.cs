using System.Diagnostics;
using System.Text.Json;
using VLPeft.Checkpoints;

namespace VLPeft.Data.Scenes;

/// <summary>
/// The folder of a data set: whether it holds a finished one, and the claim of the process that makes it. The claim is a file with the
/// recipe, held open without sharing: it tells half-made data from other people's files, and the system lets go of it when the process
/// is killed.
/// </summary>
internal sealed class SceneFolder(string path, SceneOptions options)
{
    public const string ManifestName = "dataset.json";
    public const string ClaimName = "dataset.json.unfinished";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    public string Path { get; } = path;

    public SceneRecipe Recipe { get; } = new("vlpeft-scenes", SceneWriter.Version, options);

    private string ManifestPath => System.IO.Path.Combine(Path, ManifestName);

    private string ClaimPath => System.IO.Path.Combine(Path, ClaimName);

    /// <summary>The finished data set, or null when there is none yet or files of it are missing.</summary>
    public SceneManifest? FindFinished()
    {
        if (!File.Exists(ManifestPath))
            return null;
        SceneManifest? manifest = null;
        try
        {
            manifest = JsonSerializer.Deserialize<SceneManifest>(File.ReadAllBytes(ManifestPath), SceneWriter.Json);
        }
        catch (JsonException)
        {
            // Somebody else's file; the message below says so.
        }
        // An earlier version's files of the same options: made anew, as those of a killed call are.
        if (manifest?.Recipe is { } earlier && earlier.Version < Recipe.Version && earlier with { Version = Recipe.Version } == Recipe)
            return null;
        if (manifest?.Recipe != Recipe)
        {
            string found = manifest?.Recipe is { } recipe ? Describe(recipe) : "something else";
            throw new InvalidInputException($"The folder {Path} holds a data set of other options (see its {ManifestName}): wanted "
                + $"{Describe(Recipe)}, found {found}. Take another folder, or remove this one.");
        }
        return IsWhole(manifest) ? manifest : null;
    }

    /// <summary>Makes this process the only one to write here; waits while another does.</summary>
    public FileStream Claim()
    {
        bool isOurs = File.Exists(ClaimPath) || File.Exists(ManifestPath);
        if (!isOurs && Directory.Exists(Path) && Directory.EnumerateFileSystemEntries(Path).Any())
        {
            throw new InvalidInputException(
                $"The folder {Path} holds other files; a scene data set needs an empty folder, a new one, or one of its own.");
        }
        Directory.CreateDirectory(Path);
        FileStream claim = Open();
        try
        {
            CheckClaim(claim);
            return claim;
        }
        catch
        {
            claim.Dispose();
            throw;
        }
    }

    /// <summary>Writes everything, <see cref="ManifestName"/> last.</summary>
    public SceneManifest Make()
    {
        File.Delete(ManifestPath);
        SceneManifest manifest = SceneWriter.WriteAll(Recipe, Path);
        AtomicFile.WriteText(ManifestPath, JsonSerializer.Serialize(manifest, SceneWriter.IndentedJson) + "\n");
        return manifest;
    }

    /// <summary>Gives up the claim on a finished data set; after a failure it stays, as a sign of whose the files are.</summary>
    public void Release() => File.Delete(ClaimPath);

    private FileStream Open()
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return new FileStream(ClaimPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when ((File.Exists(ClaimPath) || File.Exists(ManifestPath)) && waited.Elapsed < Patience)
            {
                Thread.Sleep(50);
            }
        }
    }

    private void CheckClaim(FileStream claim)
    {
        byte[] wanted = JsonSerializer.SerializeToUtf8Bytes(Recipe, SceneWriter.Json);
        var found = new byte[claim.Length];
        claim.ReadExactly(found);
        // A kill can leave the claim empty or cut short, but then nothing else had been written.
        bool isCut = wanted.AsSpan().StartsWith(found) || !System.IO.Path.Exists(SceneDataset.PathsOf(Path, SceneSplit.Train).Images);
        if (!isCut)
        {
            throw new InvalidInputException($"The folder {Path} holds an unfinished data set of other options (see its {ClaimName}): "
                + $"wanted {Describe(Recipe)}. Take another folder, or remove this one.");
        }
        claim.SetLength(0);
        claim.Write(wanted);
        claim.Flush(flushToDisk: true);
    }

    private bool IsWhole(SceneManifest manifest) => manifest.Splits is not null && Enum.GetValues<SceneSplit>().All(split =>
        manifest.Splits.TryGetValue(SceneDataset.NameOf(split), out SceneSplitCounts? counts)
        && counts.Bytes == SceneWriter.BytesOf(Path, split));

    private static string Describe(SceneRecipe recipe) => JsonSerializer.Serialize(recipe, SceneWriter.Json);
}
