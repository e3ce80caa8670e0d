using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.Routing;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Tasks;

/// <summary>One setting of fixtures/tasks/vqa: the model as our own code builds it, with the fixture's initial weights.</summary>
internal sealed class VqaCase : TaskCase
{
    public const string Task = "vqa";

    private readonly VqaModel _model;
    private readonly PeftModel _peft;

    /// <param name="name">The setting.</param>
    /// <param name="noise">See <see cref="TaskCase.Initialise"/>.</param>
    public VqaCase(string name, long? noise = null) : base(Task, name)
    {
        ITextEncoder text = TextEncoders.FromFolder(FixtureRoot.File("models", "roberta"));
        var feature = new RoutingFeature(text.Width);
        PeftSection section = Section with
        {
            Layers = [.. Settings.GetProperty("layers").EnumerateArray().Select(one => one.GetInt32())],
            Residual = Settings.GetProperty("residual").GetBoolean(),
            TrainLayerNorms = !Settings.GetProperty("freeze_layer_norms").GetBoolean(),
        };
        var image = new ImageSide(new ImageSideOptions(Source, Prefix, PrefixFrom, section.Routing != "none"), text.Width, projection: null);
        Tensor head = Expected("init/classifier.3.weight"); // (answers, hidden)
        _model = new VqaModel(text, image, new VqaHead(text.Width, head.size(1), head.size(0)), ReadoutKind.Pooler, feature)
        {
            LastLayerIsPositionWise = KnownRoutingFunctions.Get(section.Routing).IsPositionWise,
        };
        _peft = PeftModel.Inject(text.Module, VqaPeft.PlanOf(section, text)!, feature);
        Initialise([.. _peft.TrainableParameters, .. _model.Head.named_parameters().Select(one => ($"classifier.{one.name}", one.parameter))], noise);
        _model.train();
    }

    public override Tensor Logits(Tensor rows) => _model.call(Take("question_ids", rows), Take("question_mask", rows), Features(rows));

    public override Tensor Loss(Tensor rows) => VqaLoss.Of(Logits(rows), Take("targets", rows));

    private RoutingSource Source => Enum.Parse<RoutingSource>(Text("routing_source"), ignoreCase: true);

    private PrefixSource PrefixFrom => Enum.Parse<PrefixSource>(Text("prefix_source"), ignoreCase: true);

    private PrefixKind Prefix => Enum.Parse<PrefixKind>(Text("prefix"), ignoreCase: true);

    public override void Dispose()
    {
        _peft.Dispose();
        base.Dispose();
    }
}
