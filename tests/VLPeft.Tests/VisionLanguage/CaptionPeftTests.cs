using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models.Gpt2;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.Tests.Models;
using VLPeft.VisionLanguage;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.VisionLanguage;

[Collection(Seeded.Name)]
public sealed class CaptionPeftTests
{
    private static readonly PeftSection Lora = new() { Rank = 4 }, Adapter = new() { Rank = 4, Method = PeftMethod.Adapter };

    [Theory]
    [InlineData(AdapterPosition.PostModule, "attn.resid_dropout", "mlp.dropout")]
    [InlineData(AdapterPosition.PreNorm, "ln_1", "ln_2")]
    [InlineData(AdapterPosition.PostNorm, "ln_1", "ln_2")]
    public void One_adapter_a_block_serves_both_modules(AdapterPosition position, params string[] modules)
    {
        using var scope = NewDisposeScope();
        Gpt2Model text = Text();
        using PeftModel peft = PeftModel.Inject(text, CaptionPeft.PlanOf(Adapter, text, new(Position: position))!);
        Assert.Equal(
            modules.SelectMany(module => new[] { $"transformer.h.0.{module}", $"transformer.h.1.{module}" }).Order(StringComparer.Ordinal),
            peft.Attached.Select(one => one.ModuleName).Order(StringComparer.Ordinal));
        Assert.Equal(2, peft.Attached.Select(one => one.Bottleneck).Distinct().Count());
        Assert.DoesNotContain(peft.TrainableParameters, one => one.Name.Contains(".mlp.", StringComparison.Ordinal));
    }

    [Fact]
    public void Detaching_gives_the_model_back_wherever_the_adapters_were()
    {
        using var scope = NewDisposeScope();
        Gpt2Model text = Text();
        Tensor ids = tensor(new long[,] { { 3, 7, 28 } }), before = text.call(ids, null);
        foreach (AdapterPosition position in Enum.GetValues<AdapterPosition>())
        {
            using PeftModel peft = PeftModel.Inject(text, CaptionPeft.PlanOf(Adapter, text, new(Position: position))!);
            Assert.True((before - text.call(ids, null)).abs().max().ToDouble() > 1e-3);
            peft.Detach();
            Assert.True(before.Equals(text.call(ids, null)));
        }
    }

    [Fact]
    public void Layers_and_other_targets()
    {
        using var scope = NewDisposeScope();
        Gpt2Model text = Text();
        Assert.Equal("transformer.h.1.attn.c_attn", Assert.Single(Modules(text, Lora with { Layers = [1] })));
        Assert.Equal("transformer.h.1.mlp.c_fc", Assert.Single(Modules(text, Lora with { Layers = [1], Targets = ["c_fc"] })));
        Assert.Equal("transformer.h.0.mlp.c_proj", Assert.Single(Modules(text, Adapter with { Layers = [0], Targets = ["mlp.c_proj"] })));
        PeftPlan mixed = CaptionPeft.PlanOf(Lora with { Targets = ["c_attn", "c_fc"] }, text)!;
        Assert.Equal([true, false], mixed.Sites.Select(site => site.Blocks is not null));
        Assert.Null(CaptionPeft.PlanOf(Lora with { Method = PeftMethod.Full }, text));
    }

    [Fact]
    public void What_can_not_be_is_refused()
    {
        using var scope = NewDisposeScope();
        Gpt2Model text = Text();
        AssertRefused("self-matmul", () => CaptionPeft.PlanOf(Lora with { Routing = "self-matmul" }, text));
        AssertRefused("targets-regex", () => CaptionPeft.PlanOf(Adapter with { TargetsRegex = ".*mlp" }, text));
        AssertRefused("attn.query", () => PeftModel.Inject(text, CaptionPeft.PlanOf(Lora with { Targets = ["attn.query"] }, text)!));
        AssertRefused("no_such", () => PeftModel.Inject(text, CaptionPeft.PlanOf(Adapter with { Targets = ["no_such"] }, text)!));
    }

    [Fact]
    public void A_plain_lora_on_a_transposed_weight_is_as_wide_as_its_layer_and_merges()
    {
        using var scope = NewDisposeScope();
        Gpt2Model text = Text();
        Tensor ids = tensor(new long[,] { { 3, 7, 28 } }), plain = text.call(ids, null).detach();
        using PeftModel peft = PeftModel.Inject(text, CaptionPeft.PlanOf(Lora with { Targets = ["c_fc", "mlp.c_proj"], TrainTargetBiases = false }, text)!);
        using (no_grad())
            foreach ((string _, Parameter parameter) in peft.BottleneckParameters)
                parameter.copy_(arange(Scalars.Of(parameter.numel()), ScalarType.Float32).mul(Scalars.Of(0.7)).sin().mul(Scalars.Of(0.3)).reshape(parameter.shape));
        Assert.Equal(
            new[] { (12L, 20L), (12L, 20L), (20L, 12L), (20L, 12L) },
            peft.Attached.Select(one => (one.Bottleneck.Width, one.Bottleneck.OutputWidth)).Order());
        Tensor adapted = text.call(ids, null).detach();
        Assert.True((plain - adapted).abs().max().ToDouble() > 1e-2);
        peft.Merge();
        Tiny.AssertClose(adapted, text.call(ids, null));
    }

    private static Gpt2Model Text() => Tiny.Eval(() => new Gpt2Model(Tiny.Gpt2));

    private static List<string> Modules(Gpt2Model text, PeftSection section)
    {
        using PeftModel peft = PeftModel.Inject(text, CaptionPeft.PlanOf(section, text)!);
        return [.. peft.Attached.Select(one => one.ModuleName)];
    }

    private static void AssertRefused(string expected, Func<object?> call) =>
        Assert.Contains(expected, Assert.Throws<InvalidInputException>(call).Message, StringComparison.Ordinal);
}
