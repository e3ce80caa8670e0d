using VLPeft.Models.Gpt2;
using VLPeft.Preprocessing;
using VLPeft.Pretraining;
using VLPeft.Tests.Models;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Pretraining;

[Collection(Seeded.Name)]
public sealed class CausalPretrainingTests : PretrainingTestBase
{
    private static readonly TextPretrainingOptions Small = new() { Architecture = TextArchitecture.Gpt2, Texts = 200, Steps = 10, BatchSize = 32 };

    [Fact]
    public void The_folder_loads_as_decoder_and_tokenizer()
    {
        PretrainingReport report = Run(Small, "model");
        using var scope = NewDisposeScope();
        Gpt2Model model = Gpt2Model.FromFolder(home.File("model"));
        ITextTokenizer tokenizer = Tokenizers.FromFolder(home.File("model"));
        Assert.Equal(tokenizer.VocabularySize, model.Config.VocabularySize);
        Assert.Equal(48, model.Config.MaxLength); // start, 46 words, end
        Assert.Equal(report.Parameters.Backbone, model.parameters().Sum(p => p.numel()));
        Assert.Equal(Math.Exp(report.HeldOut["loss"]), report.HeldOut["perplexity"], 1e-4);
        int[] ids = tokenizer.Encode("A red circle <|endoftext|>");
        Assert.Equal(model.Config.EndId, ids[^1]);
        Assert.DoesNotContain(0, ids);
        Assert.Equal("a red circle", tokenizer.Decode(ids, skipSpecialTokens: true));
    }

    [Fact]
    public void No_held_out_caption_is_among_the_training_captions()
    {
        TextCorpus corpus = TextCorpus.Of(Small with { Texts = 3000 });
        Assert.NotEmpty(corpus.HeldOut);
        Assert.Empty(corpus.HeldOut.Intersect(corpus.Train));
        Assert.All(corpus.Train, text => Assert.DoesNotContain("?", text, StringComparison.Ordinal)); // captions alone
    }

    [Fact]
    public void A_captions_file_makes_the_vocabulary()
    {
        string file = home.Write("captions.json", """
            {"images": [{"id": 1}, {"id": 2}], "annotations": [
              {"id": 1, "image_id": 1, "caption": "A zebra grazes."}, {"id": 2, "image_id": 2, "caption": "Two zebras run."}, {"id": 3, "image_id": 2, "caption": "A zebra runs."}]}
            """);
        Run(Small with { Source = TextSource.Captions, File = file, Steps = 2 }, "own");
        ITextTokenizer tokenizer = Tokenizers.FromFolder(home.File("own"));
        Assert.InRange(tokenizer.VocabularySize, 5, 9); // 2 special tokens, and the words of two captions of three
        Assert.NotEqual(0, tokenizer.Encode("zebra .")[^1]);
    }

    // What stands behind a word must not reach it: a longer text in the same batch changes nothing.
    [Fact]
    public void Padding_changes_nothing()
    {
        TextCorpus corpus = TextCorpus.Of(Small);
        random.manual_seed(3);
        using var scope = NewDisposeScope();
        var model = new Gpt2Model(Small.Gpt2(corpus.Tokenizer.VocabularySize, corpus.Tokenizer.PadId));
        string shorter = corpus.HeldOut.MinBy(text => text.Length)!, longer = corpus.HeldOut.MaxBy(text => text.Length)!;
        double Loss(params string[] texts) => new CausalPretrainingTask(model, corpus with { HeldOut = texts }, Small)
            .Validate(Cancel).Find("loss")!.Value;
        int Length(string text) => corpus.Tokenizer.Encode(text).Length + 1;
        double together = ((Loss(shorter) * Length(shorter)) + (Loss(longer) * Length(longer))) / (Length(shorter) + Length(longer));
        Assert.Equal(together, Loss(shorter, longer), 1e-5);
    }
}
