using System.Globalization;
using TorchSharp;
using VLPeft.Models;
using VLPeft.Models.Beit;
using VLPeft.Models.Bert;
using VLPeft.Models.Gpt2;
using VLPeft.Models.Vit;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Models;

/// <summary>Names and shapes of the parameters, built from the configuration alone, on META where they take no memory.</summary>
public sealed class ArchitectureTests
{
    private static readonly VitConfig VitBase = new()
    {
        ImageSize = 224,
        PatchSize = 16,
        Width = 768,
        Layers = 12,
        Heads = 12,
        Intermediate = 3072,
    };

    private static readonly BertFamilyConfig RobertaBase = new()
    {
        Kind = BertKind.Roberta,
        VocabularySize = 50265,
        Width = 768,
        Layers = 12,
        Heads = 12,
        Intermediate = 3072,
        PositionRows = 514,
        TokenTypes = 1,
        PadId = 1,
        LayerNormEps = 1e-5,
    };

    // Totals of the published checkpoints.
    [Fact]
    public void Published_sizes()
    {
        AssertParameters(86_389_248, new VitModel(VitBase, device: META));
        AssertParameters(86_389_248 - 768 * 769, new VitModel(VitBase, pooler: false, META));
        AssertParameters(304_351_232, new VitModel(
            VitBase with { Width = 1024, Layers = 24, Heads = 16, Intermediate = 4096 }, device: META));
        AssertParameters(85_761_984, new BeitModel(BeitBase, device: META));
        AssertParameters(124_645_632, new BertFamilyModel(RobertaBase, device: META));
        AssertParameters(355_359_744, new BertFamilyModel(
            RobertaBase with { Width = 1024, Layers = 24, Heads = 16, Intermediate = 4096 }, device: META));
        AssertParameters(109_482_240, new BertFamilyModel(
            RobertaBase with { Kind = BertKind.Bert, VocabularySize = 30522, PositionRows = 512, TokenTypes = 2, PadId = 0 },
            device: META));
        AssertParameters(124_439_808, new Gpt2Model(Gpt2Base, META));
        AssertParameters(354_823_168, new Gpt2Model(Gpt2Base with { Width = 1024, Layers = 24, Heads = 16, Intermediate = 4096 }, META));
        AssertParameters(774_030_080, new Gpt2Model(Gpt2Base with { Width = 1280, Layers = 36, Heads = 20, Intermediate = 5120 }, META));
        AssertParameters(1_557_611_200, new Gpt2Model(Gpt2Base with { Width = 1600, Layers = 48, Heads = 25, Intermediate = 6400 }, META));
    }

    [Fact]
    public void Gpt2_names_and_shapes() => AssertState(new Gpt2Model(Gpt2Base with { Layers = 1 }, META), """
        transformer.wte.weight 50257 768
        transformer.wpe.weight 1024 768
        transformer.h.0.ln_1.weight 768
        transformer.h.0.ln_1.bias 768
        transformer.h.0.attn.c_attn.weight 768 2304
        transformer.h.0.attn.c_attn.bias 2304
        transformer.h.0.attn.c_proj.weight 768 768
        transformer.h.0.attn.c_proj.bias 768
        transformer.h.0.ln_2.weight 768
        transformer.h.0.ln_2.bias 768
        transformer.h.0.mlp.c_fc.weight 768 3072
        transformer.h.0.mlp.c_fc.bias 3072
        transformer.h.0.mlp.c_proj.weight 3072 768
        transformer.h.0.mlp.c_proj.bias 768
        transformer.ln_f.weight 768
        transformer.ln_f.bias 768
        """);

    [Fact]
    public void Vit_names_and_shapes() => AssertState(new VitModel(VitBase with { Layers = 1 }, device: META), """
        embeddings.cls_token 1 1 768
        embeddings.position_embeddings 1 197 768
        embeddings.patch_embeddings.projection.weight 768 3 16 16
        embeddings.patch_embeddings.projection.bias 768
        encoder.layer.0.layernorm_before.weight 768
        encoder.layer.0.layernorm_before.bias 768
        encoder.layer.0.attention.attention.query.weight 768 768
        encoder.layer.0.attention.attention.query.bias 768
        encoder.layer.0.attention.attention.key.weight 768 768
        encoder.layer.0.attention.attention.key.bias 768
        encoder.layer.0.attention.attention.value.weight 768 768
        encoder.layer.0.attention.attention.value.bias 768
        encoder.layer.0.attention.output.dense.weight 768 768
        encoder.layer.0.attention.output.dense.bias 768
        encoder.layer.0.layernorm_after.weight 768
        encoder.layer.0.layernorm_after.bias 768
        encoder.layer.0.intermediate.dense.weight 3072 768
        encoder.layer.0.intermediate.dense.bias 3072
        encoder.layer.0.output.dense.weight 768 3072
        encoder.layer.0.output.dense.bias 768
        layernorm.weight 768
        layernorm.bias 768
        pooler.dense.weight 768 768
        pooler.dense.bias 768
        """);

    [Fact]
    public void Beit_names_and_shapes() => AssertState(
        new BeitModel(BeitBase with { Layers = 1, SharedRelativePositions = true, AbsolutePositions = true }, device: META), """
        embeddings.cls_token 1 1 768
        embeddings.position_embeddings 1 197 768
        embeddings.patch_embeddings.projection.weight 768 3 16 16
        embeddings.patch_embeddings.projection.bias 768
        encoder.relative_position_bias.relative_position_bias_table 732 12
        encoder.layer.0.layernorm_before.weight 768
        encoder.layer.0.layernorm_before.bias 768
        encoder.layer.0.attention.attention.query.weight 768 768
        encoder.layer.0.attention.attention.query.bias 768
        encoder.layer.0.attention.attention.key.weight 768 768
        encoder.layer.0.attention.attention.value.weight 768 768
        encoder.layer.0.attention.attention.value.bias 768
        encoder.layer.0.attention.attention.relative_position_bias.relative_position_bias_table 732 12
        encoder.layer.0.attention.output.dense.weight 768 768
        encoder.layer.0.attention.output.dense.bias 768
        encoder.layer.0.layernorm_after.weight 768
        encoder.layer.0.layernorm_after.bias 768
        encoder.layer.0.intermediate.dense.weight 3072 768
        encoder.layer.0.intermediate.dense.bias 3072
        encoder.layer.0.output.dense.weight 768 3072
        encoder.layer.0.output.dense.bias 768
        encoder.layer.0.lambda_1 768
        encoder.layer.0.lambda_2 768
        pooler.layernorm.weight 768
        pooler.layernorm.bias 768
        """);

    [Fact]
    public void Beit_without_mean_pooling_scales_and_tables_has_a_final_layernorm_instead() => AssertState(
        new BeitModel(Tiny.Beit with { Layers = 1, MeanPooling = false, LayerScale = 0, RelativePositions = false }, device: META), """
        embeddings.cls_token 1 1 12
        embeddings.patch_embeddings.projection.weight 12 3 8 8
        embeddings.patch_embeddings.projection.bias 12
        encoder.layer.0.layernorm_before.weight 12
        encoder.layer.0.layernorm_before.bias 12
        encoder.layer.0.attention.attention.query.weight 12 12
        encoder.layer.0.attention.attention.query.bias 12
        encoder.layer.0.attention.attention.key.weight 12 12
        encoder.layer.0.attention.attention.value.weight 12 12
        encoder.layer.0.attention.attention.value.bias 12
        encoder.layer.0.attention.output.dense.weight 12 12
        encoder.layer.0.attention.output.dense.bias 12
        encoder.layer.0.layernorm_after.weight 12
        encoder.layer.0.layernorm_after.bias 12
        encoder.layer.0.intermediate.dense.weight 20 12
        encoder.layer.0.intermediate.dense.bias 20
        encoder.layer.0.output.dense.weight 12 20
        encoder.layer.0.output.dense.bias 12
        layernorm.weight 12
        layernorm.bias 12
        """);

    [Fact]
    public void Roberta_names_and_shapes() => AssertState(new BertFamilyModel(RobertaBase with { Layers = 1 }, device: META), """
        embeddings.word_embeddings.weight 50265 768
        embeddings.position_embeddings.weight 514 768
        embeddings.token_type_embeddings.weight 1 768
        embeddings.LayerNorm.weight 768
        embeddings.LayerNorm.bias 768
        encoder.layer.0.attention.self.query.weight 768 768
        encoder.layer.0.attention.self.query.bias 768
        encoder.layer.0.attention.self.key.weight 768 768
        encoder.layer.0.attention.self.key.bias 768
        encoder.layer.0.attention.self.value.weight 768 768
        encoder.layer.0.attention.self.value.bias 768
        encoder.layer.0.attention.output.dense.weight 768 768
        encoder.layer.0.attention.output.dense.bias 768
        encoder.layer.0.attention.output.LayerNorm.weight 768
        encoder.layer.0.attention.output.LayerNorm.bias 768
        encoder.layer.0.intermediate.dense.weight 3072 768
        encoder.layer.0.intermediate.dense.bias 3072
        encoder.layer.0.output.dense.weight 768 3072
        encoder.layer.0.output.dense.bias 768
        encoder.layer.0.output.LayerNorm.weight 768
        encoder.layer.0.output.LayerNorm.bias 768
        pooler.dense.weight 768 768
        pooler.dense.bias 768
        """);

    [Fact]
    public void Lm_head_names_and_shapes() => AssertState(new LmHead(Tiny.Roberta), """
        dense.weight 12 12
        dense.bias 12
        layer_norm.weight 12
        layer_norm.bias 12
        bias 30
        """);

    private static Gpt2Config Gpt2Base => new()
    {
        VocabularySize = 50257,
        Width = 768,
        Layers = 12,
        Heads = 12,
        Intermediate = 3072,
        MaxLength = 1024,
        EndId = 50256,
    };

    private static BeitConfig BeitBase => new()
    {
        ImageSize = 224,
        PatchSize = 16,
        Width = 768,
        Layers = 12,
        Heads = 12,
        Intermediate = 3072,
        RelativePositions = true,
    };

    private static void AssertParameters(long expected, nn.Module model) => Assert.Equal(expected, model.parameters().Sum(p => p.numel()));

    private static void AssertState(nn.Module model, string approved)
    {
        IEnumerable<string> actual = model.state_dict()
            .Select(pair => $"{pair.Key} {string.Join(' ', pair.Value.shape.Select(n => n.ToString(CultureInfo.InvariantCulture)))}");
        Assert.Equal(approved.Split('\n').Order(StringComparer.Ordinal), actual.Order(StringComparer.Ordinal));
    }
}
