using System.Text.RegularExpressions;
using TorchSharp;
using VLPeft.Generation;
using VLPeft.Models;
using VLPeft.Models.T5;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.Tests.Models;
using VLPeft.VisionLanguage;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.VisionLanguage;

/// <summary>VL-T5: T5 behind the joint encoder, with LoRA or adapters in it.</summary>
[Collection(Seeded.Name)]
public sealed class T5VisionLanguageTests
{
    private const long FeatureWidth = 6;

    private static readonly T5Config Config = new()
    {
        VocabularySize = 30, Width = 12, HeadWidth = 5, Intermediate = 20, EncoderLayers = 2, DecoderLayers = 2, Heads = 2, Buckets = 8, MaxDistance = 10,
        Dropout = BackboneDropout.None,
    };

    // The answer is in the picture alone: the texts are the same.
    [Theory]
    [InlineData(PeftMethod.Lora, "multiply")]
    [InlineData(PeftMethod.Lora, "matmul")]
    [InlineData(PeftMethod.Adapter, "add")]
    public void Learns_to_say_what_is_in_the_picture(PeftMethod method, string routing)
    {
        using var scope = NewDisposeScope();
        (EncoderDecoderModel model, PeftModel peft) = Build(method, routing);
        Tensor ids = tensor(new long[,] { { 5, 6, 1 }, { 5, 6, 1 } }), targets = tensor(new long[,] { { 0, 8 }, { 0, 9 } }), labels = tensor(new long[,] { { 8, 1 }, { 9, 1 } });
        var images = new ImageTokens(randn(2, 1, 4, FeatureWidth));
        Tensor Loss() => nn.functional.cross_entropy(model.call(ids, null, images, targets).flatten(0, 1), labels.flatten());
        double before = Loss().ToDouble();
        var optimizer = optim.AdamW([.. model.Visual.parameters(), .. peft.TrainableParameters.Select(one => one.Parameter)], 2e-2);

        for (int step = 0; step < 60; step++)
        {
            using var one = NewDisposeScope();
            optimizer.zero_grad();
            Loss().backward();
            peft.RequireGradients();
            optimizer.step();
        }

        Assert.True(Loss().ToDouble() < 0.1 * before, $"the loss went from {before} to {Loss().ToDouble()}");
        model.eval();
        using IDecoderSession session = model.BeginDecoding(ids, null, images, maxLength: 4);
        var found = SequenceGenerator.Generate(session, new GenerationOptions { StartId = 0, EndId = 1, MaxLength = 4 }, cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([8L, 9L], found.Select(one => Assert.Single(one[0].Tokens)));
    }

    [Fact]
    public void The_decoders_self_attention_is_not_routed()
    {
        using var scope = NewDisposeScope();
        foreach (PeftMethod method in new[] { PeftMethod.Lora, PeftMethod.Adapter })
        {
            (EncoderDecoderModel model, PeftModel peft) = Build(method, "multiply");
            string[] names = [.. peft.TrainableParameters.Select(one => one.Name)];
            int places = method == PeftMethod.Lora ? 3 * 2 * 2 : 5 * 2; // q and v of 3 kinds of attention, or 2 + 3 outputs, in 2 layers
            Assert.Equal(places, names.Count(name => name.EndsWith(method == PeftMethod.Lora ? "lora_A" : "down.weight", StringComparison.Ordinal)));
            Assert.All(peft.Describe().Sites, site => Assert.Equal(
                Regex.IsMatch(site.Module, @"decoder\.block\.\d\.layer\.0\.") ? "none" : "multiply", site.Routing));
        }
    }

    [Fact]
    public void The_visual_embedding_has_t5s_layer_norm()
    {
        using var scope = NewDisposeScope();
        (EncoderDecoderModel model, _) = Build(PeftMethod.Lora, "none");
        Assert.DoesNotContain(model.Visual.named_parameters(), one => one.name == "feat.1.bias");
        Assert.Contains(model.Visual.named_parameters(), one => one.name == "feat.1.weight");
    }

    private static (EncoderDecoderModel, PeftModel) Build(PeftMethod method, string routing)
    {
        set_num_threads(1);
        manual_seed(5);
        var text = new T5Model(Config);
        foreach (TorchSharp.Modules.Parameter parameter in text.parameters())
            parameter.requires_grad = false;
        var feature = new RoutingFeature(text.Width);
        var model = new EncoderDecoderModel(text, new VisualEmbedding(text, FeatureWidth), feature, routed: routing != "none");
        var section = new PeftSection { Method = method, Rank = 4, Routing = routing };
        PeftModel peft = PeftModel.Inject(text, EncoderDecoderPeft.PlanOf(section, text)!, feature);
        return (model, peft);
    }
}
