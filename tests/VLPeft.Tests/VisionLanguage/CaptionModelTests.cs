using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Generation;
using VLPeft.Models.Gpt2;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.Tests.Models;
using VLPeft.VisionLanguage;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.VisionLanguage;

[Collection(Seeded.Name)]
public sealed class CaptionModelTests
{
    public static TheoryData<string, PrefixSource> Settings => new()
    {
        { "multiply", PrefixSource.Pooled },
        { "matmul", PrefixSource.Pooled },
        { "add", PrefixSource.Patches },
        { "none", PrefixSource.Pooled },
    };

    // Rows multiply, change places and get fewer: the logits are those of the whole sequences, each with its own image.
    [Theory, MemberData(nameof(Settings))]
    public void Decoding_in_steps_equals_whole_sequences(string routing, PrefixSource source)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        (CaptionModel model, PeftModel peft) = Build(routing, source);
        using (peft)
        {
            ImageFeatures features = Features(2);
            using IDecoderSession session = model.BeginDecoding(features, 2, maxLength: 3);
            AssertNext(model, features, [[], []], [0, 1], session.Start());
            session.Reorder(tensor(new long[] { 0, 0, 1, 1 }));
            Assert.Equal(4, session.Rows);
            AssertNext(model, features, [[3], [7], [9], [4]], [0, 0, 1, 1], session.Next(tensor(new long[] { 3, 7, 9, 4 })));
            session.Reorder(tensor(new long[] { 1, 1, 3, 2 }));
            AssertNext(model, features, [[7, 5], [7, 6], [4, 1], [9, 2]], [0, 0, 1, 1], session.Next(tensor(new long[] { 5, 6, 1, 2 })));
            session.Reorder(tensor(new long[] { 3, 0 }));
            AssertNext(model, features, [[9, 2, 8], [7, 5, 0]], [1, 0], session.Next(tensor(new long[] { 8, 0 })));
        }
    }

    [Fact]
    public void A_prompt_may_be_given_to_several_rows_from_the_start()
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        (CaptionModel model, PeftModel peft) = Build("multiply", PrefixSource.Pooled);
        using (peft)
        {
            ImageFeatures features = Features(2);
            using IDecoderSession session = model.BeginDecoding(features, 2, maxLength: 1);
            session.Reorder(tensor(new long[] { 1, 0, 1 }));
            AssertNext(model, features, [[], [], []], [1, 0, 1], session.Start());
        }
    }

    [Fact]
    public void A_decode_keeps_no_tensor_behind()
    {
        using var scope = NewDisposeScope();
        (CaptionModel model, PeftModel peft) = Build("multiply", PrefixSource.Pooled);
        using (peft)
        {
            ImageFeatures features = Features(2);
            void Decode()
            {
                using var inner = NewDisposeScope();
                using IDecoderSession session = model.BeginDecoding(features, 2, 4);
                session.Start();
                session.Next(tensor(new long[] { 1, 2 }));
                session.Reorder(tensor(new long[] { 1, 1, 0 }));
                session.Next(tensor(new long[] { 1, 2, 3 }));
            }
            Decode();
            long before = Tensor.TotalCount;
            Decode();
            Assert.Equal(before, Tensor.TotalCount);
        }
    }

    [Fact]
    public void What_does_not_fit_is_refused()
    {
        using var scope = NewDisposeScope();
        (CaptionModel model, PeftModel peft) = Build("multiply", PrefixSource.Pooled);
        using (peft)
        {
            Tensor ids = zeros(2, 3, ScalarType.Int64);
            Assert.Throws<ArgumentException>(() => model.call(ids, null, null));
            Assert.Throws<ArgumentException>(() => model.call(ids, null, Features(3)));
            Assert.Throws<ArgumentException>(() => model.call(ids, ones(2, 4), Features(2)));
            Assert.Throws<ArgumentException>(() => model.call(zeros(2, 16, ScalarType.Int64), null, Features(2)));
            Assert.Throws<ArgumentException>(() => model.BeginDecoding(Features(2), 2, 16));
            using IDecoderSession session = model.BeginDecoding(Features(2), 2, 1);
            Assert.Throws<InvalidOperationException>(() => session.Next(tensor(new long[] { 1, 2 })));
            session.Start();
            Assert.Throws<InvalidOperationException>(() => session.Start());
            Assert.Throws<ArgumentException>(() => session.Next(tensor(new long[] { 1 })));
            Assert.Throws<ArgumentException>(() => session.Next(tensor(new long[] { 1, 30 })));
            session.Next(tensor(new long[] { 1, 2 }));
            Assert.Throws<ArgumentException>(() => session.Next(tensor(new long[] { 1, 2 })));
            model.train();
            Assert.Throws<InvalidOperationException>(() => model.BeginDecoding(Features(2), 2, 1));
        }
        ImageSide without = new(new ImageSideOptions(RoutingSource.Pooled, PrefixKind.None, PrefixSource.Pooled, true), 12, null);
        Assert.Contains("prefix", Assert.Throws<InvalidInputException>(() => new CaptionModel(model.Text, without, new RoutingFeature())).Message, StringComparison.Ordinal);
    }

    // One image, so that its LoRA is folded on the way, and several.
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 8)]
    [InlineData(3, 3)]
    public void A_search_frees_what_it_made(int images, int beams)
    {
        using var scope = NewDisposeScope();
        (CaptionModel model, PeftModel peft) = Build("multiply", PrefixSource.Pooled);
        using (peft)
        {
            ImageFeatures features = Features(images);
            GenerationOptions options = new() { StartId = 0, MaxLength = 12, Beams = beams };
            Generate();
            long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
            Generate();
            Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);

            void Generate()
            {
                using IDecoderSession session = model.BeginDecoding(features, images, options.MaxLength);
                Assert.All(
                    SequenceGenerator.Generate(session, options, cancellation: TestContext.Current.CancellationToken),
                    one => Assert.Equal(options.MaxLength - 1, one[0].Tokens.Length));
            }
        }
    }

    private static (CaptionModel Model, PeftModel Peft) Build(string routing, PrefixSource source)
    {
        Gpt2Model text = Tiny.Eval(() => new Gpt2Model(Tiny.Gpt2));
        var feature = new RoutingFeature(text.Width);
        ImageSide image = new(new ImageSideOptions(RoutingSource.Pooled, PrefixKind.Single, source, routing != "none"), text.Width, null);
        CaptionModel model = new(text, image, feature);
        PeftModel peft = PeftModel.Inject(text, CaptionPeft.PlanOf(new PeftSection { Rank = 4, Routing = routing }, text)!, feature);
        using var _ = no_grad();
        foreach ((string name, Parameter parameter) in peft.BottleneckParameters.Where(one => one.Name.EndsWith("lora_B", StringComparison.Ordinal)))
            parameter.copy_(arange(Scalars.Of(parameter.numel()), ScalarType.Float32).mul(Scalars.Of(0.7)).sin().mul(Scalars.Of(0.3)).reshape(parameter.shape));
        model.eval();
        return (model, peft);
    }

    private static ImageFeatures Features(long images) => new(
        arange(Scalars.Of(images * 12), ScalarType.Float32).mul(Scalars.Of(0.9)).sin().reshape(images, 1, 12),
        arange(Scalars.Of(images * 3 * 12), ScalarType.Float32).mul(Scalars.Of(0.8)).cos().reshape(images, 3, 12));

    private static void AssertNext(CaptionModel model, ImageFeatures features, long[][] sequences, long[] images, Tensor next)
    {
        Tensor rows = tensor(images), ids = tensor(sequences.SelectMany(one => one).Append(0).ToArray());
        long count = sequences[0].Length;
        // A last token that is fed but not read, since sequences may be empty here.
        Tensor padded = cat([ids.narrow(0, 0, sequences.Length * count).reshape(sequences.Length, count), zeros(sequences.Length, 1, ScalarType.Int64)], 1);
        Tensor whole = model.call(padded, null, new ImageFeatures(features.Pooled!.index_select(0, rows), features.Tokens!.index_select(0, rows)));
        Tiny.AssertClose(whole.select(1, whole.size(1) - 2), next);
    }
}
