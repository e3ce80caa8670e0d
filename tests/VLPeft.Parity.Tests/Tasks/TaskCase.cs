using System.Text.Json;
using TorchSharp.Modules;
using VLPeft.Checkpoints;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Tasks;

/// <summary>One setting of a folder of fixtures/tasks: its files, data and initial weights. The task says which model they belong to.</summary>
internal abstract class TaskCase : IDisposable
{
    private readonly SafetensorsFile _file, _data;
    private readonly SafetensorsFile? _features;
    private readonly JsonDocument _settings;

    /// <param name="task">The folder of fixtures/tasks.</param>
    /// <param name="name">The setting.</param>
    /// <param name="ownData">Whether the folder has data of its own, image features among them.</param>
    protected TaskCase(string task, string name, bool ownData = false)
    {
        Name = name;
        _settings = FixtureRoot.Json("tasks", task, $"{name}.json");
        _file = SafetensorsFile.Open(FixtureRoot.File("tasks", task, $"{name}.safetensors"));
        _data = SafetensorsFile.Open(ownData ? FixtureRoot.File("tasks", task, "data.safetensors") : FixtureRoot.File("tasks", "data.safetensors"));
        _features = ownData ? null : SafetensorsFile.Open(FixtureRoot.File("tasks", "vit_features.safetensors"));
    }

    public string Name { get; }

    public IReadOnlyList<(string Name, Parameter Parameter)> Trainable { get; private set; } = [];

    public JsonElement Settings => _settings.RootElement;

    public IEnumerable<string> TrainableNames => Settings.GetProperty("trainable").EnumerateArray().Select(one => one.GetString()!);

    public long Rows => _data.Entry(_data.Names.First()).Shape[0];

    /// <summary>What the gradients' norm is clipped to in the trajectories; null for none.</summary>
    public double? ClipNorm => Settings.TryGetProperty("clip_grad_norm", out JsonElement norm) ? norm.GetDouble() : null;

    /// <summary>The logits behind a trajectory.</summary>
    public Tensor FinalLogits(string optimizer) => Expected(_file.Names.Contains("final/logits") ? "final/logits" : $"final_{optimizer}/logits");

    public static IEnumerable<string> Names(string task) =>
        Directory.EnumerateFiles(FixtureRoot.File("tasks", task), "*.json").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal);

    /// <summary>Whether a setting's file has a key.</summary>
    public static bool Has(string task, string name, string key)
    {
        using JsonDocument settings = FixtureRoot.Json("tasks", task, $"{name}.json");
        return settings.RootElement.TryGetProperty(key, out _);
    }

    public Tensor Expected(string tensor) => _file.Read(tensor);

    public double[] Trajectory(string optimizer) => [.. Settings.GetProperty($"trajectory_{optimizer}").EnumerateArray().Select(one => one.GetDouble())];

    public abstract Tensor Logits(Tensor rows);

    public abstract Tensor Loss(Tensor rows);

    /// <summary>Takes what trains and gives it the fixture's initial weights.</summary>
    /// <param name="trainable">The parameters by the fixture's names.</param>
    /// <param name="noise">
    /// Null for the fixture's initial weights. A seed perturbs each by at most one unit in the last place of float32: what then changes is
    /// what rounding alone can change.
    /// </param>
    protected void Initialise(IReadOnlyList<(string Name, Parameter Parameter)> trainable, long? noise)
    {
        Trainable = trainable;
        using var frozen = no_grad();
        foreach ((string name, Parameter parameter) in trainable)
            parameter.copy_(_file.Read($"init/{name}"));
        if (noise is not { } seed)
            return;
        using var generator = new Generator((ulong)seed);
        foreach ((_, Parameter parameter) in trainable)
            parameter.mul_(randint(-1, 2, parameter.shape, generator: generator).mul(Scalars.Of(Math.Pow(2, -23))).Plus(1));
    }

    protected Tensor Take(string tensor, Tensor rows) => _data.Read(tensor).index_select(0, rows);

    protected ImageFeatures Features(Tensor rows) => new(
        _features!.Read("pooled").index_select(0, rows), _features.Read("patches").index_select(0, rows), _features.Read("noise").index_select(0, rows));

    /// <summary>What every task's settings say of the bottlenecks.</summary>
    protected PeftSection Section => new()
    {
        Method = Text("method") == "lora" ? PeftMethod.Lora : PeftMethod.Adapter,
        Rank = Settings.GetProperty("r").GetInt64(),
        Alpha = Text("method") == "lora" ? Settings.GetProperty("alpha").GetDouble() : null,
        Dropout = Settings.TryGetProperty("dropout", out JsonElement dropout) ? dropout.GetDouble() : 0,
        Routing = Text("routing"),
    };

    protected string Text(string key) => Settings.GetProperty(key).GetString()!;

    public virtual void Dispose()
    {
        _settings.Dispose();
        _file.Dispose();
        _data.Dispose();
        _features?.Dispose();
    }
}
