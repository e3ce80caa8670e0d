using System.Text.Json;
using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Checkpoints;
using VLPeft.Generation;
using VLPeft.Models.Gpt2;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.VisionLanguage;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Decoding;

/// <summary>
/// Every case of fixtures/decoding/gpt2.json with the adapter beside it: sequences exactly, scores to 1e-4. Its prompts are fed alone, without
/// a visual prefix.
/// </summary>
[Trait("Category", "Parity")]
public sealed class Gpt2DecodingTests : IDisposable
{
    private const string File = "gpt2.json", Adapter = "gpt2-lora-multiply";
    private const int Images = 8;

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly PeftModel _peft;
    private readonly CaptionModel _model;
    private readonly ImageFeatures _features;

    public Gpt2DecodingTests()
    {
        using JsonDocument document = FixtureRoot.Json("decoding", $"{Adapter}.json");
        JsonElement settings = document.RootElement;
        var section = new PeftSection
        {
            Method = PeftMethod.Lora,
            Rank = settings.GetProperty("r").GetInt64(),
            Alpha = settings.GetProperty("alpha").GetDouble(),
            Routing = settings.GetProperty("routing").GetString()!,
        };
        Gpt2Model text = Gpt2Model.FromFolder(FixtureRoot.File([.. settings.GetProperty("base").GetString()!.Split('/')]));
        var feature = new RoutingFeature(text.Width);
        var image = new ImageSide(new ImageSideOptions(RoutingSource.Pooled, PrefixKind.Single, PrefixSource.Pooled, Routed: true), text.Width, projection: null);
        _model = new CaptionModel(text, image, feature);
        BlockRouting blocks = Enum.Parse<BlockRouting>(settings.GetProperty("blocks").GetString()!, ignoreCase: true);
        _peft = PeftModel.Inject(text, CaptionPeft.PlanOf(section, text, new CaptionPeftOptions(blocks))!, feature);
        using SafetensorsFile weights = SafetensorsFile.Open(FixtureRoot.File("decoding", $"{Adapter}.safetensors"));
        using (no_grad())
            foreach ((string name, Parameter parameter) in _peft.TrainableParameters)
                parameter.copy_(weights.Read(name));
        _model.eval();
        using SafetensorsFile features = SafetensorsFile.Open(FixtureRoot.File("tasks", "vit_features.safetensors"));
        _features = new ImageFeatures(features.Read("pooled").narrow(0, 0, Images).clone(), null, null);
    }

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, DecodingCase.Count(File))];

    [Theory, MemberData(nameof(Cases))]
    public void SequencesAndScoresMatch(int number)
    {
        DecodingCase fixture = DecodingCase.Read(File, number);
        long end = _model.Text.Config.EndId;
        GenerationOptions options = fixture.Options(end, end);
        using IDecoderSession session = fixture.Prompts is { } prompts
            ? Continuing(prompts, options.MaxLength)
            : _model.BeginDecoding(_features, Images, options.MaxLength);
        fixture.AssertEqual(SequenceGenerator.Generate(session, options, fixture.Prompts, cancellation: TestContext.Current.CancellationToken), options, end);
    }

    // Alone, an image's LoRA is folded into one matrix where that is cheaper: with room for so many tokens, here from the first step on for 5 beams.
    [Theory, MemberData(nameof(Cases))]
    public void EachImageAloneGivesTheSame(int number)
    {
        DecodingCase fixture = DecodingCase.Read(File, number);
        if (fixture.Prompts is not null)
            return;
        long end = _model.Text.Config.EndId;
        GenerationOptions options = fixture.Options(end, end);
        List<IReadOnlyList<GeneratedSequence>> found = [];
        for (int image = 0; image < Images; image++)
        {
            using IDecoderSession session = _model.BeginDecoding(new ImageFeatures(_features.Pooled!.narrow(0, image, 1)), 1, maxLength: (int)_model.Text.Config.MaxLength - 1);
            found.AddRange(SequenceGenerator.Generate(session, options, cancellation: TestContext.Current.CancellationToken));
        }
        fixture.AssertEqual(found, options, end);
    }

    public void Dispose()
    {
        _peft.Dispose();
        _scope.Dispose();
    }

    private CaptionSession Continuing(long[][] prompts, int maxLength)
    {
        Tensor ids = stack([.. prompts.Select(prompt => tensor(prompt))]);
        return new CaptionSession(_model.Text, _model.Feature, _model.Text.WordEmbeddings(ids), _features.Pooled!.narrow(0, 0, prompts.Length), maxLength);
    }
}
