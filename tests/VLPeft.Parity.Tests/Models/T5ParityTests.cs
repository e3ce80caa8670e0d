using TorchSharp;
using VLPeft.Models;
using VLPeft.Models.T5;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Models;

/// <summary>T5 against Hugging Face's, v1.0 and v1.1, on every such folder of fixtures/models.</summary>
[Trait("Category", "Parity")]
public sealed class T5ParityTests
{
    private const long Ignored = -100;

    public static TheoryData<string> Folders => ModelFixture.Named("t5");

    [Theory]
    [MemberData(nameof(Folders))]
    public void Hidden_states_logits_and_loss(string name)
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(name);
        T5Model model = T5Model.FromFolder(fixture.Folder);
        Tensor ids = fixture["in/input_ids"], mask = fixture["in/attention_mask"], labels = fixture["in/labels"], targets = Shifted(labels, model);

        IReadOnlyList<Tensor> encoder = model.EncoderStates(model.Embed(ids), mask);
        using EncoderMemory memory = new(encoder[^1], mask);
        IReadOnlyList<Tensor> decoder = model.DecoderStates(targets, memory);
        Tensor logits = model.call(ids, mask, targets);

        fixture.AssertHiddenStates(encoder);
        fixture.AssertOutput("encoder_last_hidden_state", model.Encode(model.Embed(ids), mask, ids.shape[1]));
        Assert.Equal(fixture.Under("out/decoder_hidden_states/").Count(), decoder.Count);
        for (int i = 0; i < decoder.Count; i++)
            fixture.AssertOutput($"decoder_hidden_states/{i}", decoder[i]);
        fixture.AssertOutput("logits", logits);
        fixture.AssertOutput("loss", nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index: Ignored).reshape(1));
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Gradients_of_every_parameter(string name)
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(name);
        T5Model model = T5Model.FromFolder(fixture.Folder);
        ModelFixture.Train(model);

        model.call(fixture["in/input_ids"], fixture["in/attention_mask"], Shifted(fixture["in/labels"], model)).backward([fixture["upstream"]]);

        fixture.AssertGradients(model);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Step_by_step_equals_the_full_pass(string name)
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(name);
        T5Model model = T5Model.FromFolder(fixture.Folder);
        Tensor ids = fixture["in/input_ids"], mask = fixture["in/attention_mask"], targets = Shifted(fixture["in/labels"], model);
        using EncoderMemory memory = new(model.Encode(model.Embed(ids), mask, ids.shape[1]), mask);
        using KeyValueCache cache = model.NewCache(targets.shape[0], targets.shape[1]);

        var steps = Enumerable.Range(0, (int)targets.shape[1]).Select(i => model.Logits(model.Decode(targets.narrow(1, i, 1), memory, cache))).ToArray();

        fixture.AssertOutput("logits", cat(steps, 1));
    }

    // What the decoder reads: the labels one position later, from the start token on.
    private static Tensor Shifted(Tensor labels, T5Model model)
    {
        Tensor start = full([labels.shape[0], 1], Scalars.Of(model.Config.StartId), ScalarType.Int64), earlier = labels.narrow(1, 0, labels.shape[1] - 1);
        return cat([start, earlier.masked_fill(earlier.eq(Scalars.Of(Ignored)), Scalars.Of(model.Config.PaddingId))], 1);
    }
}
