using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models.Bert;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.Routing;
using VLPeft.Training;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Benchmarks;

/// <summary>The demo's step with the library's own parts, put together as a recipe does.</summary>
internal sealed class DemoStepLibrary : IDisposable
{
    private readonly BertFamilyModel _text;
    private readonly PeftModel _peft;
    private readonly VqaModel _model;
    private FusedAdamW? _optimizer;

    public DemoStepLibrary()
    {
        _text = new BertFamilyModel(DemoStep.Config, pooler: false);
        var feature = new RoutingFeature(_text.Width);
        PeftPlan plan = new LoraOptions(ModulePattern.Suffixes(_text.PeftTargets.Lora), DemoStep.Rank, DemoStep.Rank)
        {
            Routing = KnownRoutingFunctions.Multiply,
            AlsoTrain = [_text.PeftTargets.LayerNorms],
        }.ToPlan();
        _peft = PeftModel.Inject(_text, plan, feature);
        var image = new ImageSide(
            new ImageSideOptions(RoutingSource.Pooled, PrefixKind.Reference, PrefixSource.Pooled, Routed: true), _text.Width, null);
        var head = new VqaHead(_text.Width, DemoStep.HeadWidth, DemoStep.Answers);
        _model = new VqaModel(_text, image, head, ReadoutKind.First, feature) { LastLayerIsPositionWise = true };
        _model.train();
    }

    /// <summary>Copies of all weights by name, with their wish for a gradient.</summary>
    public Dictionary<string, Parameter> Weights() => All().ToDictionary(
        one => one.Name, one => new Parameter(one.Parameter.detach().clone(), one.Parameter.requires_grad));

    /// <summary>Gives the trained parameters to the optimizer; to be called once the weights are copied.</summary>
    public void StartTraining() => _optimizer = new FusedAdamW(
        [.. _peft.TrainableParameters, .. Head()], new AdamWOptions { Epsilon = DemoStep.Epsilon });

    /// <summary>One training step.</summary>
    /// <returns>The loss.</returns>
    public double Step(DemoStep.Data data)
    {
        using var scope = NewDisposeScope();
        _optimizer!.ZeroGradients();
        Tensor loss = VqaLoss.Of(_model.call(data.Ids, data.Mask, new ImageFeatures(data.Feature)), data.Targets);
        loss.backward();
        _optimizer.Step(DemoStep.LearningRate);
        return loss.ToDouble();
    }

    public void Dispose()
    {
        _optimizer?.Dispose();
        _peft.Dispose();
        _model.Dispose();
    }

    private IEnumerable<(string Name, Parameter Parameter)> All() =>
        [.. _text.named_parameters().Select(one => (one.name, one.parameter)), .. _peft.BottleneckParameters, .. Head()];

    private IEnumerable<(string Name, Parameter Parameter)> Head() =>
        _model.Head.named_parameters().Select(one => ($"classifier.{one.name}", one.parameter));
}
