using TorchSharp;
using VLPeft.Models;
using VLPeft.Models.Bart;
using VLPeft.Peft;
using VLPeft.Routing;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Tasks;

/// <summary>One setting of fixtures/tasks/encdec: the model as our own code builds it, with the fixture's initial weights.</summary>
internal sealed class EncoderDecoderCase : TaskCase
{
    public const string Task = "encdec";

    private const string Root = "model.", Visual = "visual_embedding.";
    private readonly PeftModel _peft;

    /// <param name="name">The setting.</param>
    /// <param name="noise">See <see cref="TaskCase.Initialise"/>.</param>
    public EncoderDecoderCase(string name, long? noise = null) : base(Task, name, ownData: true)
    {
        BartModel text = BartModel.FromFolder(FixtureRoot.File("models", "bart"));
        var feature = new RoutingFeature(text.Width);
        var visual = new VisualEmbedding(text, Take("features", arange(Scalars.Of(1))).size(2));
        Model = new EncoderDecoderModel(text, visual, feature, KnownRoutingFunctions.Get(Section.Routing).NeedsFeature);
        _peft = PeftModel.Inject(text, EncoderDecoderPeft.PlanOf(Section, text)!, feature);
        Initialise(
            [
                .. _peft.TrainableParameters.Select(one => (one.Name.StartsWith(Root, StringComparison.Ordinal) ? one.Name[Root.Length..] : one.Name, one.Parameter)),
                .. visual.named_parameters().Select(one => (Visual + one.name, one.parameter)),
            ],
            noise);
        Model.train();
    }

    public EncoderDecoderModel Model { get; }

    public override Tensor Logits(Tensor rows)
    {
        Tensor labels = Take("labels", rows);
        return Model.call(Take("input_ids", rows), Take("attention_mask", rows), Images(rows), EncoderDecoderLoss.Targets(labels, Model.Text.StartId, Model.Text.PaddingId));
    }

    public override Tensor Loss(Tensor rows) => EncoderDecoderLoss.Of(Logits(rows), Take("labels", rows), Take("loss_weights", rows));

    /// <summary>The pictures of the setting, (B, 1 or 2, N, d_v), with the same boxes for both.</summary>
    public ImageTokens Images(Tensor rows)
    {
        Tensor first = Take("features", rows), boxes = Take("boxes", rows);
        return Settings.GetProperty("two_images").GetBoolean()
            ? new ImageTokens(stack([first, Take("features_second_image", rows)], 1), stack([boxes, boxes], 1))
            : new ImageTokens(first.unsqueeze(1), boxes.unsqueeze(1));
    }

    public override void Dispose()
    {
        _peft.Dispose();
        base.Dispose();
    }
}
