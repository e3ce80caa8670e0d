using TorchSharp;
using VLPeft.Models;
using VLPeft.Models.Gpt2;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Models;

/// <summary>GPT-2 against Hugging Face's, on every such folder of fixtures/models.</summary>
[Trait("Category", "Parity")]
public sealed class Gpt2ParityTests
{
    private const long Cached = 5;

    public static TheoryData<string> Folders => ModelFixture.Named("gpt2");

    [Theory]
    [MemberData(nameof(Folders))]
    public void Logits_and_hidden_states(string name)
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(name);
        Gpt2Model model = Gpt2Model.FromFolder(fixture.Folder);
        Tensor ids = fixture["in/input_ids"], mask = fixture["in/attention_mask"];

        IReadOnlyList<Tensor> states = model.HiddenStates(model.WordEmbeddings(ids), mask);

        fixture.AssertHiddenStates(states);
        fixture.AssertOutput("last_hidden_state", states[^1]);
        fixture.AssertOutput("logits", model.call(ids, mask));
        fixture.AssertOutput("no_mask/logits", model.call(ids, null));
        fixture.AssertOutput("from_embeds/logits", model.Logits(model.Encode(fixture["in/inputs_embeds"], null)));
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Gradients_of_every_parameter(string name)
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(name);
        Gpt2Model model = Gpt2Model.FromFolder(fixture.Folder);
        ModelFixture.Train(model);

        model.call(fixture["in/input_ids"], fixture["in/attention_mask"]).backward([fixture["upstream"]]);

        fixture.AssertGradients(model);
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Cached_keys_values_and_logits(string name)
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(name);
        Gpt2Model model = Gpt2Model.FromFolder(fixture.Folder);
        Tensor ids = fixture["in/input_ids"], words = model.WordEmbeddings(ids);
        long length = ids.shape[1];
        using KeyValueCache cache = model.NewCache(ids.shape[0], length);

        model.Encode(words.narrow(1, 0, Cached), null, cache);

        for (int layer = 0; layer < model.Config.Layers; layer++)
        {
            (Tensor keys, Tensor values) = cache.Read(layer);
            fixture.AssertOutput($"cache_{Cached}/{layer}/key", Heads(keys, model));
            fixture.AssertOutput($"cache_{Cached}/{layer}/value", Heads(values, model));
        }
        fixture.AssertOutput($"cached/logits_{Cached}_to_{length}", model.Logits(model.Encode(words.narrow(1, Cached, length - Cached), null, cache)));
    }

    [Theory]
    [MemberData(nameof(Folders))]
    public void Step_by_step_equals_the_full_pass(string name)
    {
        using var scope = NewDisposeScope();
        using ModelFixture fixture = new(name);
        Gpt2Model model = Gpt2Model.FromFolder(fixture.Folder);
        Tensor ids = fixture["in/input_ids"], mask = fixture["in/attention_mask"], words = model.WordEmbeddings(ids);
        using KeyValueCache cache = model.NewCache(ids.shape[0], ids.shape[1]);

        var steps = Enumerable.Range(0, (int)ids.shape[1])
            .Select(i => model.Logits(model.Encode(words.narrow(1, i, 1), mask.narrow(1, 0, i + 1), cache))).ToArray();

        fixture.AssertOutput("logits", cat(steps, 1));
    }

    // (R, K, d) → (R, h, K, e)
    private static Tensor Heads(Tensor x, Gpt2Model model) =>
        x.view(x.shape[0], x.shape[1], model.Config.Heads, -1).transpose(1, 2);
}
