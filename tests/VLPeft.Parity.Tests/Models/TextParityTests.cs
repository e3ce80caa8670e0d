using VLPeft.Models;
using VLPeft.Models.Bert;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Models;

/// <summary>BERT and RoBERTa against Hugging Face's, on every text-encoder folder of fixtures/models.</summary>
[Trait("Category", "Parity")]
public sealed class TextParityTests
{
    public static TheoryData<string> Folders => ModelFixture.Named("bert", "roberta");

    [Theory]
    [MemberData(nameof(Folders))]
    public void Outputs_and_hidden_states(string name)
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(name);
        BertFamilyModel encoder = BertFamilyModel.FromFolder(fixture.Folder);
        (Tensor ids, Tensor mask, Tensor? types) = Inputs(fixture);

        TextOutput output = encoder.call(ids, mask, types);

        fixture.AssertOutput("last_hidden_state", output.LastHiddenState);
        fixture.AssertOutput("pooler_output", output.Pooled!);
        fixture.AssertHiddenStates(encoder.HiddenStates(encoder.Embed(ids, types), mask));
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Last_hidden_state_from_inputs_embeds(string name)
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(name);
        ITextEncoder encoder = TextEncoders.FromFolder(fixture.Folder);

        (_, Tensor mask, Tensor? types) = Inputs(fixture);

        Tensor last = encoder.Encode(encoder.EmbedFromInputs(fixture["in/inputs_embeds"], types), mask);

        fixture.AssertOutput("from_embeds/last_hidden_state", last);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Gradients_of_every_parameter(string name)
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(name);
        BertFamilyModel encoder = BertFamilyModel.FromFolder(fixture.Folder);
        ModelFixture.Train(encoder);
        (Tensor ids, Tensor mask, Tensor? types) = Inputs(fixture);

        encoder.call(ids, mask, types).LastHiddenState.backward([fixture["upstream"]]);

        fixture.AssertGradients(encoder);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Pooled_output_from_the_first_position_alone(string name)
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(name);
        ITextEncoder encoder = TextEncoders.FromFolder(fixture.Folder);
        (Tensor ids, Tensor mask, Tensor? types) = Inputs(fixture);

        Tensor first = encoder.Encode(encoder.Embed(ids, types), mask, OutputPositions.First);

        fixture.AssertOutput("pooler_output", encoder.Pool(first));
    }

    private static (Tensor Ids, Tensor Mask, Tensor? Types) Inputs(ModelFixture fixture) =>
        (fixture["in/input_ids"], fixture["in/attention_mask"], fixture.Has("in/token_type_ids") ? fixture["in/token_type_ids"] : null);
}
