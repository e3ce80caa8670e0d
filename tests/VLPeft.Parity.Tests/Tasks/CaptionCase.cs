using VLPeft.Models.Gpt2;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.Routing;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Tasks;

/// <summary>One setting of fixtures/tasks/caption: the model as our own code builds it, with the fixture's initial weights.</summary>
internal sealed class CaptionCase : TaskCase
{
    public const string Task = "caption";

    private readonly PeftModel _peft;

    /// <param name="name">The setting.</param>
    /// <param name="noise">See <see cref="TaskCase.Initialise"/>.</param>
    public CaptionCase(string name, long? noise = null) : base(Task, name)
    {
        Gpt2Model text = Gpt2Model.FromFolder(FixtureRoot.File("models", "gpt2"));
        var feature = new RoutingFeature(text.Width);
        PeftSection section = Section with { Bottleneck = Text("position") == "after-up" ? "after-up" : "shared-down" };
        CaptionPeftOptions options = new(
            Enum.Parse<BlockRouting>(Text("blocks"), ignoreCase: true),
            Enum.Parse<AdapterPosition>(Text("adapter_position").Replace("_", ""), ignoreCase: true));
        bool routed = KnownRoutingFunctions.Get(section.Routing).NeedsFeature;
        var image = new ImageSide(new ImageSideOptions(RoutingSource.Pooled, PrefixKind.Single, PrefixSource.Pooled, routed), text.Width, projection: null);
        Model = new CaptionModel(text, image, feature);
        _peft = PeftModel.Inject(text, CaptionPeft.PlanOf(section, text, options)!, feature);
        Initialise(_peft.TrainableParameters, noise);
        Model.train();
    }

    public CaptionModel Model { get; }

    public Tensor Ids(Tensor rows) => Take("caption_ids", rows);

    public new ImageFeatures Features(Tensor rows) => base.Features(rows);

    public override Tensor Logits(Tensor rows) => Model.call(Ids(rows), Take("caption_mask", rows), Features(rows));

    public override Tensor Loss(Tensor rows) => CaptionLoss.Of(
        Logits(rows), Ids(rows), Model.Text.Config.EndId, Text("loss_kind") == "reference" ? CaptionLossKind.Reference : CaptionLossKind.FromPrefix);

    public override void Dispose()
    {
        _peft.Dispose();
        base.Dispose();
    }
}
