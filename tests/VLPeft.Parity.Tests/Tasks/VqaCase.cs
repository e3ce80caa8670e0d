using System.Text.Json;
using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Checkpoints;
using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.Routing;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Tasks;

/// <summary>One setting of fixtures/tasks/vqa: the model as our own code builds it, with the fixture's initial weights.</summary>
internal sealed class VqaCase : IDisposable
{
    private readonly SafetensorsFile _file, _data, _features;
    private readonly JsonDocument _settings;
    private readonly PeftModel _peft;

    /// <param name="name">The setting.</param>
    /// <param name="noise">
    /// Null for the fixture's initial weights. A seed perturbs each by at most one unit in the last place of float32: what then changes is
    /// what rounding alone can change.
    /// </param>
    public VqaCase(string name, long? noise = null)
    {
        Name = name;
        _settings = FixtureRoot.Json("tasks", "vqa", $"{name}.json");
        _file = SafetensorsFile.Open(FixtureRoot.File("tasks", "vqa", $"{name}.safetensors"));
        _data = SafetensorsFile.Open(FixtureRoot.File("tasks", "data.safetensors"));
        _features = SafetensorsFile.Open(FixtureRoot.File("tasks", "vit_features.safetensors"));
        ITextEncoder text = TextEncoders.FromFolder(FixtureRoot.File("models", "roberta"));
        var feature = new RoutingFeature(text.Width);
        var image = new ImageSide(new ImageSideOptions(Source, Prefix, PrefixFrom, Section.Routing != "none"), text.Width, projection: null);
        Tensor head = _file.Read("init/classifier.3.weight"); // (answers, hidden)
        Model = new VqaModel(text, image, new VqaHead(text.Width, head.size(1), head.size(0)), ReadoutKind.Pooler, feature)
        {
            LastLayerIsPositionWise = KnownRoutingFunctions.Get(Section.Routing).IsPositionWise,
        };
        _peft = PeftModel.Inject(text.Module, VqaPeft.PlanOf(Section, text)!, feature);
        Trainable = [.. _peft.TrainableParameters, .. Model.Head.named_parameters().Select(one => ($"classifier.{one.name}", one.parameter))];
        using (no_grad())
            foreach ((string parameterName, Parameter parameter) in Trainable)
                parameter.copy_(_file.Read($"init/{parameterName}"));
        if (noise is { } seed)
            Perturb(seed);
        Model.train();
    }

    public string Name { get; }

    public VqaModel Model { get; }

    public IReadOnlyList<(string Name, Parameter Parameter)> Trainable { get; }

    public JsonElement Settings => _settings.RootElement;

    public IEnumerable<string> TrainableNames => Settings.GetProperty("trainable").EnumerateArray().Select(one => one.GetString()!);

    public long Rows => _data.Entry("question_ids").Shape[0];

    public static IEnumerable<string> Names() =>
        Directory.EnumerateFiles(FixtureRoot.File("tasks", "vqa"), "*.json").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal);

    public Tensor Expected(string tensor) => _file.Read(tensor);

    public double[] Trajectory(string optimizer) => [.. Settings.GetProperty($"trajectory_{optimizer}").EnumerateArray().Select(one => one.GetDouble())];

    public Tensor Logits(Tensor rows) => Model.call(Take("question_ids", rows), Take("question_mask", rows), Features(rows));

    public Tensor HiddenStates(Tensor rows) => Model.HiddenStates(Take("question_ids", rows), Take("question_mask", rows), Features(rows));

    public Tensor Loss(Tensor rows) => VqaLoss.Of(Logits(rows), Take("targets", rows));

    private void Perturb(long seed)
    {
        using var frozen = no_grad();
        using var generator = new Generator((ulong)seed);
        foreach ((_, Parameter parameter) in Trainable)
            parameter.mul_(randint(-1, 2, parameter.shape, generator: generator).mul(Math.Pow(2, -23)).add(1));
    }

    private Tensor Take(string tensor, Tensor rows) => _data.Read(tensor).index_select(0, rows);

    private ImageFeatures Features(Tensor rows) => new(
        _features.Read("pooled").index_select(0, rows), _features.Read("patches").index_select(0, rows), _features.Read("noise").index_select(0, rows));

    private PeftSection Section => new()
    {
        Method = Text("method") == "lora" ? PeftMethod.Lora : PeftMethod.Adapter,
        Rank = Settings.GetProperty("r").GetInt64(),
        Alpha = Text("method") == "lora" ? Settings.GetProperty("alpha").GetDouble() : null,
        Dropout = Settings.GetProperty("dropout").GetDouble(),
        Routing = Text("routing"),
        Layers = [.. Settings.GetProperty("layers").EnumerateArray().Select(one => one.GetInt32())],
        Residual = Settings.GetProperty("residual").GetBoolean(),
        TrainLayerNorms = !Settings.GetProperty("freeze_layer_norms").GetBoolean(),
    };

    private RoutingSource Source => Enum.Parse<RoutingSource>(Text("routing_source"), ignoreCase: true);

    private PrefixSource PrefixFrom => Enum.Parse<PrefixSource>(Text("prefix_source"), ignoreCase: true);

    private PrefixKind Prefix => Enum.Parse<PrefixKind>(Text("prefix"), ignoreCase: true);

    private string Text(string key) => Settings.GetProperty(key).GetString()!;

    public void Dispose()
    {
        _peft.Dispose();
        _settings.Dispose();
        _file.Dispose();
        _data.Dispose();
        _features.Dispose();
    }
}
