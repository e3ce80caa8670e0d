using System.Text.Json;
using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Checkpoints;
using VLPeft.Generation;
using VLPeft.Models.Bart;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.VisionLanguage;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Decoding;

/// <summary>Every case of fixtures/decoding/bart.json with the adapter beside it: texts and pictures through a routed encoder-decoder.</summary>
[Trait("Category", "Parity")]
public sealed class BartDecodingTests : IDisposable
{
    private const string File = "bart.json", Adapter = "bart-lora-multiply", Root = "model.", Visual = "visual_embedding.";
    private const int Examples = 8;

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly PeftModel _peft;
    private readonly EncoderDecoderModel _model;
    private readonly Tensor _ids, _mask, _features, _boxes;

    public BartDecodingTests()
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
        using SafetensorsFile data = SafetensorsFile.Open(FixtureRoot.File("tasks", "encdec", "data.safetensors"));
        Tensor Rows(string name) => data.Read(name).narrow(0, 0, Examples).clone();
        (_ids, _mask, _features, _boxes) = (Rows("input_ids"), Rows("attention_mask"), Rows("features").unsqueeze(1), Rows("boxes").unsqueeze(1));

        BartModel text = BartModel.FromFolder(FixtureRoot.File([.. settings.GetProperty("base").GetString()!.Split('/')]));
        var feature = new RoutingFeature(text.Width);
        var visual = new VisualEmbedding(text, _features.size(-1));
        _model = new EncoderDecoderModel(text, visual, feature, routed: true);
        _peft = PeftModel.Inject(text, EncoderDecoderPeft.PlanOf(section, text)!, feature);
        using SafetensorsFile weights = SafetensorsFile.Open(FixtureRoot.File("decoding", $"{Adapter}.safetensors"));
        using (no_grad())
        {
            foreach ((string name, Parameter parameter) in _peft.TrainableParameters)
                parameter.copy_(weights.Read(name.StartsWith(Root, StringComparison.Ordinal) ? name[Root.Length..] : name));
            foreach ((string name, Parameter parameter) in visual.named_parameters())
                parameter.copy_(weights.Read(Visual + name));
        }
        _model.eval();
    }

    public static TheoryData<int> Cases => [.. Enumerable.Range(0, DecodingCase.Count(File))];

    [Theory, MemberData(nameof(Cases))]
    public void SequencesAndScoresMatch(int number)
    {
        DecodingCase fixture = DecodingCase.Read(File, number);
        GenerationOptions options = fixture.Options(_model.Text.StartId, _model.Text.EndId);
        using IDecoderSession session = _model.BeginDecoding(_ids, _mask, new ImageTokens(_features, _boxes), options.MaxLength);
        fixture.AssertEqual(SequenceGenerator.Generate(session, options, cancellation: TestContext.Current.CancellationToken), options, _model.Text.PaddingId);
    }

    [Theory, MemberData(nameof(Cases))]
    public void EachExampleAloneGivesTheSame(int number)
    {
        DecodingCase fixture = DecodingCase.Read(File, number);
        GenerationOptions options = fixture.Options(_model.Text.StartId, _model.Text.EndId);
        List<IReadOnlyList<GeneratedSequence>> found = [];
        for (int example = 0; example < Examples; example++)
        {
            using IDecoderSession session = _model.BeginDecoding(
                _ids.narrow(0, example, 1), _mask.narrow(0, example, 1), new ImageTokens(_features.narrow(0, example, 1), _boxes.narrow(0, example, 1)), options.MaxLength);
            found.AddRange(SequenceGenerator.Generate(session, options, cancellation: TestContext.Current.CancellationToken));
        }
        fixture.AssertEqual(found, options, _model.Text.PaddingId);
    }

    public void Dispose()
    {
        _peft.Dispose();
        _scope.Dispose();
    }
}
