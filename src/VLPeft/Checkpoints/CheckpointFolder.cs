using System.Text.Json;
using static TorchSharp.torch;

namespace VLPeft.Checkpoints;

/// <summary>
/// A Hugging Face model folder: <c>config.json</c> beside <c>model.safetensors</c>, or beside <c>model.safetensors.index.json</c> and its
/// shards. All files are memory-mapped as <see cref="SafetensorsFile"/> says.
/// </summary>
public sealed class CheckpointFolder : ITensorSource, IDisposable
{
    private const string SingleFile = "model.safetensors";
    private const string IndexFile = "model.safetensors.index.json";
    private const string ConfigFile = "config.json";

    private readonly Dictionary<string, SafetensorsFile> owners = new(StringComparer.Ordinal);
    private readonly List<SafetensorsFile> files = [];

    private CheckpointFolder(string folder) => Description = folder;

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Names => owners.Keys;

    /// <summary>Where the model's configuration is expected.</summary>
    public string ConfigPath => Path.Combine(Description, ConfigFile);

    /// <summary>Opens the weights of a folder: the single file when it is there, else the index with all its shards.</summary>
    /// <exception cref="InvalidInputException">
    /// There is no such folder, or no weights in it, or a file breaks its format, or index and shards do not agree.
    /// </exception>
    public static CheckpointFolder Open(string folder)
    {
        var checkpoint = new CheckpointFolder(folder);
        try
        {
            if (File.Exists(Path.Combine(folder, SingleFile)))
                checkpoint.OpenSingle();
            else if (File.Exists(Path.Combine(folder, IndexFile)))
                checkpoint.OpenShards();
            else
                throw NoWeights(folder);
            return checkpoint;
        }
        catch
        {
            checkpoint.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public SafetensorsEntry Entry(string name) => Owner(name).Entry(name);

    /// <inheritdoc/>
    public Tensor Read(string name) => Owner(name).Read(name);

    /// <summary>The model's configuration; the caller disposes it.</summary>
    /// <exception cref="InvalidInputException">The file is missing or is not a JSON object.</exception>
    public JsonDocument ReadConfig() => JsonFile.ReadObject(ConfigPath, "model configuration");

    /// <summary>Closes all files; tensors that were read stay valid.</summary>
    public void Dispose() => files.ForEach(file => file.Dispose());

    private SafetensorsFile Owner(string name) => owners.TryGetValue(name, out SafetensorsFile? file)
        ? file
        : throw new ArgumentException($"There is no tensor '{name}' in '{Description}'.", nameof(name));

    private SafetensorsFile OpenFile(string name)
    {
        var file = SafetensorsFile.Open(Path.Combine(Description, name));
        files.Add(file);
        return file;
    }

    private void OpenSingle()
    {
        SafetensorsFile file = OpenFile(SingleFile);
        foreach (string name in file.Names)
            owners.Add(name, file);
    }

    private void OpenShards()
    {
        string index = Path.Combine(Description, IndexFile);
        Dictionary<string, string> shardOf = ShardIndex.Read(index);
        foreach (string shard in shardOf.Values.Distinct().Order(StringComparer.Ordinal))
        {
            if (!File.Exists(Path.Combine(Description, shard)))
                throw new InvalidInputException($"The index '{index}' names the shard '{shard}', which does not exist.");
            SafetensorsFile file = OpenFile(shard);
            string? unlisted = file.Names.FirstOrDefault(name => shardOf.GetValueOrDefault(name) != shard);
            if (unlisted is not null)
                throw new InvalidInputException($"The shard '{shard}' holds '{unlisted}', which the index '{index}' does not place there.");
            foreach (string name in file.Names)
                owners.Add(name, file);
        }
        string? absent = shardOf.Keys.FirstOrDefault(name => !owners.ContainsKey(name));
        if (absent is not null)
            throw new InvalidInputException($"The index '{index}' places '{absent}' in '{shardOf[absent]}', but it is not there.");
    }

    private static InvalidInputException NoWeights(string folder)
    {
        if (!Directory.Exists(folder))
            return new InvalidInputException($"The checkpoint folder '{folder}' does not exist.");
        string? pickle = Directory.EnumerateFiles(folder, "pytorch_model*").Concat(Directory.EnumerateFiles(folder, "*.pt"))
            .Order(StringComparer.Ordinal).FirstOrDefault();
        string hint = pickle is null ? ""
            : $" It holds '{Path.GetFileName(pickle)}', which is not read yet: convert it to safetensors (docs/recipes.md says how).";
        return new InvalidInputException($"The checkpoint folder '{folder}' has neither '{SingleFile}' nor '{IndexFile}'.{hint}");
    }
}
