using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.VisionLanguage;
using Xunit;

namespace VLPeft.Tests.Recipes;

/// <summary>What a captioning recipe may say, and what neither task's recipe may say of the other.</summary>
public sealed class CaptionRecipeTests
{
    private const string Minimal = """
        task: captioning
        data: { kind: scenes, folder: data }
        text: { model: gpt2, prefix: single }
        vision: { model: vit }
        training: { evaluate: best-cider }
        """;

    private const string Vqa = """
        data: { kind: scenes, folder: data }
        text: { model: text }
        vision: { model: vit }
        """;

    [Fact]
    public void ItLoadsAgainAsWritten()
    {
        Recipe recipe = Recipe.Parse(Minimal, "/r/x.yaml", "peft.blocks=separate", "peft.routing=matmul", "caption.loss=reference", "generation.early-stopping=never", "generation.length-penalty=0.6");
        Assert.Equal(BlockRouting.Separate, recipe.Peft.Blocks);
        Assert.Equal(5, recipe.Generation.Beams);
        Assert.Equal(recipe.ToYaml(), Recipe.Parse(recipe.ToYaml(), "/elsewhere/y.yaml").ToYaml());
        Recipe adapter = Recipe.Parse(Minimal, "/r/x.yaml", "peft.method=adapter", "peft.adapter-position=pre-norm");
        Assert.Equal(AdapterPosition.PreNorm, adapter.Peft.AdapterPosition);
    }

    [Theory]
    [InlineData("text.prefix=reference", "text.prefix", "single")]
    [InlineData("text.readout=mean", "text.readout")]
    [InlineData("text.pooler=fresh", "text.pooler")]
    [InlineData("head.hidden=8", "head:")]
    [InlineData("data.minimum-answer-count=1", "data.minimum-answer-count")]
    [InlineData("data.answers=a.json", "data.answers")]
    [InlineData("data.repeat.number=2", "data.repeat")]
    [InlineData("data.kind=vqav2", "data.train.questions")]
    [InlineData("data.kind=easy-vqa", "easy-vqa has no captions")]
    [InlineData("data.kind=coco-captions", "data.train.captions")]
    [InlineData("data.kind=karpathy", "data.captions")]
    [InlineData("data.karpathy-split=k.json", "data.karpathy-split", "kind: karpathy")]
    [InlineData("training.evaluate=best-accuracy", "best-cider")]
    [InlineData("peft.routing=self-matmul", "mixes the tokens")]
    [InlineData("peft.method=frozen", "nothing trains")]
    [InlineData("peft.adapter-position=pre-norm", "peft.adapter-position")]
    [InlineData("caption.cider-images=-1", "caption.cider-images")]
    [InlineData("caption.loss=other", "one of default, reference")]
    [InlineData("generation.beams=0", "beams")]
    [InlineData("generation.max-length=1", "max-length")]
    [InlineData("generation.min-length=30", "min-length")]
    [InlineData("generation.repetition-penalty=0", "repetition-penalty")]
    [InlineData("generation.batch-size=0", "generation.batch-size")]
    [InlineData("generation.beam=3", "unknown key 'generation.beam'", "'beams'")]
    public void WhatDoesNotFitIsRefused(string setting, params string[] words) => Refused(Minimal, setting, words);

    [Theory]
    [InlineData("caption.loss=reference", "caption:")]
    [InlineData("generation.beams=3", "generation:")]
    [InlineData("peft.blocks=separate", "peft.blocks")]
    [InlineData("peft.adapter-position=post-norm", "peft.adapter-position")]
    [InlineData("training.evaluate=best-cider", "best-accuracy")]
    [InlineData("data.kind=karpathy", "data.captions")]
    public void QuestionAnsweringHasNoneOfIt(string setting, params string[] words) => Refused(Vqa, setting, words);

    [Fact]
    public void FlickrNeedsItsListAndABestCheckpointAValidationSplit()
    {
        string flickr = Minimal.Replace("{ kind: scenes, folder: data }", "{ kind: flickr, captions: t.txt, validation-fraction: 0, train: { pictures: l.txt } }", StringComparison.Ordinal);
        Refused(flickr, "seed=0", "training.evaluate", "validation split");
        Refused(flickr, "data.train.pictures=", "data.train.pictures");
        Assert.Equal(DataKind.Flickr, Recipe.Parse(flickr, "/r/x.yaml", "data.validation.pictures=v.txt").Data.Kind);
    }

    private static void Refused(string yaml, string setting, params string[] words)
    {
        string message = Assert.Throws<InvalidInputException>(() => Recipe.Parse(yaml, "/r/x.yaml", setting)).Message;
        Assert.All(words, word => Assert.Contains(word, message, StringComparison.Ordinal));
    }
}
