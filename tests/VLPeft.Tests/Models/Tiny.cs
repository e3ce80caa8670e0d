using TorchSharp;
using VLPeft.Models;
using VLPeft.Models.Beit;
using VLPeft.Models.Bert;
using VLPeft.Models.Gpt2;
using VLPeft.Models.Vit;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Models;

/// <summary>Small models with random weights, and inputs for them.</summary>
internal static class Tiny
{
    public static VitConfig Vit { get; } = new()
    {
        ImageSize = 16,
        PatchSize = 8,
        Width = 12,
        Layers = 2,
        Heads = 3,
        Intermediate = 20,
        InitializerRange = 0.3,
    };

    public static BeitConfig Beit { get; } = new()
    {
        ImageSize = 16,
        PatchSize = 8,
        Width = 12,
        Layers = 2,
        Heads = 3,
        Intermediate = 20,
        InitializerRange = 0.3,
        RelativePositions = true,
        Dropout = BackboneDropout.None,
    };

    public static BertFamilyConfig Roberta { get; } = new()
    {
        Kind = BertKind.Roberta,
        VocabularySize = 30,
        Width = 12,
        Layers = 2,
        Heads = 3,
        Intermediate = 20,
        PositionRows = 26,
        TokenTypes = 1,
        PadId = 1,
        InitializerRange = 0.3,
        Dropout = BackboneDropout.None,
    };

    public static BertFamilyConfig Bert { get; } = Roberta with { Kind = BertKind.Bert, PadId = 0, TokenTypes = 2 };

    public static Gpt2Config Gpt2 { get; } = new()
    {
        VocabularySize = 30,
        Width = 12,
        Layers = 2,
        Heads = 3,
        Intermediate = 20,
        MaxLength = 16,
        EndId = 29,
        InitializerRange = 0.3,
        EmbeddingDropout = 0,
        Dropout = BackboneDropout.None,
    };

    /// <summary>A model in eval mode, the same each time.</summary>
    public static T Eval<T>(Func<T> build) where T : nn.Module
    {
        set_num_threads(1);
        manual_seed(7);
        T model = build();
        model.eval();
        return model;
    }

    /// <summary>The tiny models by name.</summary>
    public static nn.Module Build(string name) => Eval<nn.Module>(name switch
    {
        "vit" => () => new VitModel(Vit),
        "beit" => () => new BeitModel(Beit),
        "bert" => () => new BertFamilyModel(Bert),
        "roberta" => () => new BertFamilyModel(Roberta),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    });

    public static TheoryData<string> Names => ["vit", "beit", "bert", "roberta"];

    /// <summary>Two images for any of the tiny vision models.</summary>
    public static Tensor Pixels => arange(Scalars.Of(2 * 3 * 16 * 16), ScalarType.Float32).mul_(Scalars.Of(0.37)).sin_().reshape(2, 3, 16, 16);

    /// <summary>Three questions, the last two padded; the mask says where.</summary>
    public static (Tensor Ids, Tensor Mask) Questions(BertFamilyConfig config)
    {
        long pad = config.PadId;
        Tensor ids = tensor(new long[,] { { 2, 9, 14, 5, 3 }, { 2, 8, 3, pad, pad }, { 2, 7, 28, 3, pad } });
        return (ids, ids.ne(Scalars.Of(pad)).to(ScalarType.Int64));
    }

    /// <summary>The main output of any of the tiny models for the inputs above: (B, positions, d).</summary>
    public static Tensor Run(nn.Module model) => model switch
    {
        IVisionEncoder vision => vision.Encode(Pixels).LastHiddenState,
        BertFamilyModel text when Questions(text.Config) is var (ids, mask) => text.Encode(text.Embed(ids), mask),
        _ => throw new ArgumentException("no tiny model", nameof(model)),
    };

    public static void AssertClose(Tensor expected, Tensor actual, double tolerance = 1e-5)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.shape, actual.shape);
        double difference = (expected - actual).abs().max().ToDouble();
        Assert.True(difference <= tolerance, $"differs by {difference:g3}");
    }
}
