using VLPeft.Data.Scenes;
using VLPeft.Models.Bart;
using VLPeft.Preprocessing;
using VLPeft.Pretraining;
using VLPeft.Tests.Models;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Pretraining;

[Collection(Seeded.Name)]
public sealed class DenoisingPretrainingTests : PretrainingTestBase
{
    private static readonly TextPretrainingOptions Small = new() { Architecture = TextArchitecture.Bart, Texts = 200, Steps = 10, BatchSize = 32 };

    [Fact]
    public void The_folder_loads_as_encoder_decoder_and_tokenizer()
    {
        PretrainingReport report = Run(Small, "model");
        using var scope = NewDisposeScope();
        BartModel model = BartModel.FromFolder(home.File("model"));
        ITextTokenizer tokenizer = Tokenizers.FromFolder(home.File("model"));
        Assert.Equal(tokenizer.VocabularySize, model.Config.VocabularySize);
        Assert.Equal(report.Parameters.Backbone, model.parameters().Sum(p => p.numel()));
        int[] ids = tokenizer.Encode("vqa: is there a red circle? yes");
        Assert.Equal((model.Config.BeginId, model.Config.EndId, model.Config.PaddingId), (ids[0], ids[^1], tokenizer.PadId));
        Assert.DoesNotContain(3, ids);
        Assert.Equal("vqa : is there a red circle ? yes", tokenizer.Decode(ids, skipSpecialTokens: true));
    }

    // The visual embedding takes the token of id vocabulary − 1 − object index; no text may mean such a token.
    [Fact]
    public void The_last_ids_are_the_objects()
    {
        WordLevelTokenizer tokenizer = TextCorpus.Of(Small).Tokenizer;
        for (int i = 0; i < TextPretrainingOptions.Objects; i++)
            Assert.Equal([0, tokenizer.VocabularySize - 1 - i, 2], tokenizer.Encode($"<vis_extra_id_{i}>"));
        int words = tokenizer.VocabularySize - TextPretrainingOptions.Objects;
        Assert.All(SceneVocabulary.MultitaskWords, word => Assert.InRange(tokenizer.Encode(word)[1], WordLevelTokenizer.SpecialTokens, words - 1));
        Assert.Equal(SceneVocabulary.MultitaskWords.Count + WordLevelTokenizer.SpecialTokens, words);
    }

    [Fact]
    public void No_held_out_text_is_among_the_training_texts()
    {
        TextCorpus corpus = TextCorpus.Of(Small with { Texts = 3000 });
        Assert.NotEmpty(corpus.HeldOut);
        Assert.Empty(corpus.HeldOut.Intersect(corpus.Train));
        Assert.All((string[])["vqa:", "gqa:", "nlvr:", "caption:"], prompt => Assert.Contains(corpus.Train, text => text.StartsWith(prompt, StringComparison.Ordinal)));
    }
}
