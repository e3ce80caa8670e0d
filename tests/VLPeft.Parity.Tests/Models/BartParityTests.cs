using TorchSharp;
using VLPeft.Models;
using VLPeft.Models.Bart;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Models;

/// <summary>BART against Hugging Face's, on every such folder of fixtures/models.</summary>
[Trait("Category", "Parity")]
public sealed class BartParityTests
{
    public static TheoryData<string> Folders => ModelFixture.Named("bart");

    [Theory, MemberData(nameof(Folders))]
    public void Logits_loss_and_hidden_states(string name)
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(name);
        BartModel model = BartModel.FromFolder(fixture.Folder);
        Tensor ids = fixture["in/input_ids"], mask = fixture["in/attention_mask"], targets = Targets(fixture, model);

        IReadOnlyList<Tensor> encoder = model.EncoderStates(model.Embed(ids), mask);
        using EncoderMemory memory = new(encoder[^1], mask);
        IReadOnlyList<Tensor> decoder = model.DecoderStates(targets, memory);

        fixture.AssertHiddenStates(encoder);
        fixture.AssertOutput("encoder_last_hidden_state", encoder[^1]);
        for (int i = 0; i < decoder.Count; i++)
            fixture.AssertOutput($"decoder_hidden_states/{i}", decoder[i]);
        Assert.Equal(fixture.Under("out/decoder_hidden_states/").Count(), decoder.Count);
        Tensor logits = model.call(ids, mask, targets);
        fixture.AssertOutput("logits", logits);
        fixture.AssertOutput("loss", nn.functional.cross_entropy(logits.flatten(0, 1), fixture["in/labels"].flatten()).unsqueeze(0));
    }

    [Theory, MemberData(nameof(Folders))]
    public void Gradients_of_every_parameter(string name)
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(name);
        BartModel model = BartModel.FromFolder(fixture.Folder);
        ModelFixture.Train(model);

        model.call(fixture["in/input_ids"], fixture["in/attention_mask"], Targets(fixture, model)).backward([fixture["upstream"]]);

        fixture.AssertGradients(model);
    }

    [Theory, MemberData(nameof(Folders))]
    public void Step_by_step_equals_the_full_pass(string name)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using ModelFixture fixture = new(name);
        BartModel model = BartModel.FromFolder(fixture.Folder);
        Tensor ids = fixture["in/input_ids"], mask = fixture["in/attention_mask"], targets = Targets(fixture, model);
        using EncoderMemory memory = new(model.Encode(model.Embed(ids), mask, ids.shape[1]), mask);
        using KeyValueCache cache = model.NewCache(ids.shape[0], targets.shape[1]);

        var steps = Enumerable.Range(0, (int)targets.shape[1]).Select(i => model.Logits(model.Decode(targets.narrow(1, i, 1), memory, cache))).ToArray();

        fixture.AssertOutput("logits", cat(steps, 1));
    }

    // The start token, and then the labels but the last.
    private static Tensor Targets(ModelFixture fixture, BartModel model)
    {
        Tensor labels = fixture["in/labels"];
        Tensor shifted = cat([full([labels.shape[0], 1], Scalars.Of(model.StartId), ScalarType.Int64), labels.narrow(1, 0, labels.shape[1] - 1)], 1);
        return where(shifted.lt(Scalars.Of(0)), model.PaddingId, shifted).to(ScalarType.Int64);
    }
}
