using System.Text.Json;
using TorchSharp;
using VLPeft.Generation;
using VLPeft.Models.T5;
using VLPeft.Peft;
using VLPeft.VisionLanguage;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Decoding;

/// <summary>Every case of fixtures/decoding/t5.json and t5v11.json: sequences exactly, scores to 1e-4.</summary>
[Trait("Category", "Parity")]
public sealed class T5DecodingTests
{
    public static TheoryData<string, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int>();
            foreach (string name in new[] { "t5", "t5v11" })
                for (int i = 0; i < DecodingCase.Count($"{name}.json"); i++)
                    cases.Add(name, i);
            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void SequencesAndScoresMatch(string name, int number)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        set_num_threads(1);
        T5Model model = T5Model.FromFolder(FixtureRoot.File("models", name));
        using JsonDocument document = FixtureRoot.Json("decoding", $"{name}.json");
        Tensor ids = stack([.. document.RootElement.GetProperty("input_ids").EnumerateArray().Select(row => tensor(row.EnumerateArray().Select(id => id.GetInt64()).ToArray()))]);
        DecodingCase fixture = DecodingCase.Read($"{name}.json", number);
        GenerationOptions options = fixture.Options(model.StartId, model.EndId);

        using var session = new EncoderDecoderSession(
            model, new RoutingFeature(model.Width), model.Encode(model.Embed(ids), null, ids.shape[1]), mask: null, routing: null, options.MaxLength);

        fixture.AssertEqual(SequenceGenerator.Generate(session, options, cancellation: TestContext.Current.CancellationToken), options, model.PaddingId);
    }
}
