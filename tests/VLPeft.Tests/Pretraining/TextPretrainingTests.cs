using VLPeft.Models;
using VLPeft.Preprocessing;
using VLPeft.Pretraining;
using VLPeft.Tests.Models;
using VLPeft.Training;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Pretraining;

[Collection(Seeded.Name)]
public sealed class TextPretrainingTests : PretrainingTestBase
{
    private static readonly TextPretrainingOptions Small = new() { Texts = 200, Steps = 10, BatchSize = 32 };

    [Fact]
    public void The_folder_loads_as_encoder_and_tokenizer()
    {
        PretrainingReport report = Run(Small, "model");

        using var scope = NewDisposeScope();
        ITextEncoder encoder = TextEncoders.FromFolder(home.File("model"), new BackboneOptions { Pooler = PoolerSource.None });
        ITextTokenizer tokenizer = Tokenizers.FromFolder(home.File("model"));
        Assert.Equal(tokenizer.VocabularySize, encoder.VocabularySize);
        Assert.Equal(tokenizer.PadId, encoder.PadId);
        Assert.Equal(46, encoder.MaxLength);
        Assert.Equal(report.Parameters.Backbone, encoder.Module.parameters().Sum(p => p.numel()));
        int[] ids = tokenizer.Encode("What color is the circle?");
        Assert.DoesNotContain(3, ids);
        Tensor batch = tensor(Array.ConvertAll(ids, id => (long)id)).unsqueeze(0);
        Assert.Equal([1L, ids.Length, 64], encoder.Encode(encoder.Embed(batch), null).shape);
        Assert.False(Directory.Exists(home.File("model.pretraining")));
    }

    [Theory, InlineData(TextArchitecture.Roberta), InlineData(TextArchitecture.Gpt2), InlineData(TextArchitecture.Bart)]
    public void The_loss_falls_on_texts_that_were_not_trained_on(TextArchitecture architecture)
    {
        double Loss(int steps) => Run(Small with { Architecture = architecture, Steps = steps }, $"{steps}").HeldOut["loss"];

        Assert.True(Loss(60) < 0.9 * Loss(1));
    }

    [Theory, InlineData(TextArchitecture.Roberta), InlineData(TextArchitecture.Gpt2), InlineData(TextArchitecture.Bart)]
    public void An_interrupted_run_goes_on_to_the_bytes_of_a_whole_one(TextArchitecture architecture)
    {
        TextPretrainingOptions options = Small with { Architecture = architecture };
        Run(options, "whole");
        rand(3).Dispose();
        using var cancellation = new CancellationTokenSource();
        Assert.Null(TextPretraining.Run(options, home.File("parts"), new CancelAt(4, cancellation), cancellation.Token).Report);
        Assert.False(Directory.Exists(home.File("parts")));

        Run(options, "parts");

        Folders.AssertSame(home.File("whole"), home.File("parts"));
    }

    [Fact]
    public void Own_texts_make_the_vocabulary()
    {
        string file = home.Write("texts.txt", "The zebra sleeps\n\nA quagga runs\nthe zebra runs\n");
        Run(Small with { Source = TextSource.Lines, File = file, Steps = 2 }, "model");

        ITextTokenizer tokenizer = Tokenizers.FromFolder(home.File("model"));
        string report = File.ReadAllText(home.File("model", "pretraining.json"));

        Assert.InRange(tokenizer.VocabularySize, 5 + 4, 5 + 6);
        Assert.Contains("texts.txt: 2 texts, held out: 1", report);
        Assert.Contains("--texts texts.txt", report);
    }

    [Theory]
    [InlineData("""
        {"questions": [{"question_id": 1, "image_id": 1, "question": "Is it red?"},
                       {"question_id": 2, "image_id": 1, "question": "Is it blue?"}]}
        """)]
    [InlineData("""[["Is it red?", "yes", 3], ["Is it blue?", "no", 4]]""")]
    public void Question_files_of_both_data_sets_are_read(string json)
    {
        string file = home.Write("questions.json", json);

        PretrainingReport report = Run(Small with { Source = TextSource.Questions, File = file, Steps = 1 }, "model");

        Assert.Equal("questions.json: 1 texts, held out: 1 that are not among them", report.Data);
    }

    [Theory]
    [InlineData("", "found 0")]
    [InlineData("one text\none text\n", "found 1")]
    public void Too_few_texts_are_an_error(string content, string message)
    {
        string file = home.Write("texts.txt", content);
        Assert.Contains(message, Refused(Small with { Source = TextSource.Lines, File = file }));
    }

    [Fact]
    public void Unreadable_files_are_errors_that_name_them()
    {
        string broken = home.Write("broken.json", """[["Is it red?", "yes", 3], ["Is""");
        string other = home.Write("other.json", """[{"question": "Is it red?"}]""");
        File.WriteAllBytes(home.File("latin.txt"), [0x63, 0x61, 0x66, 0xE9, 0x0A]);

        Assert.Contains("missing.txt", Refused(Small with { Source = TextSource.Lines, File = home.File("missing.txt") }));
        Assert.Contains("missing.json", Refused(Small with { Source = TextSource.Questions, File = home.File("missing.json") }));
        Assert.Contains("UTF-8", Refused(Small with { Source = TextSource.Lines, File = home.File("latin.txt") }));
        Assert.Contains("broken.json", Refused(Small with { Source = TextSource.Questions, File = broken }));
        Assert.Contains("other.json", Refused(Small with { Source = TextSource.Questions, File = other }));
    }

    [Fact]
    public void Words_that_are_all_too_rare_are_an_error()
    {
        string file = home.Write("texts.txt", "one two\nthree four\n");
        Assert.Contains("nothing to guess", Refused(Small with { Source = TextSource.Lines, File = file, MinimumCount = 9 }));
    }

    [Fact]
    public void Options_out_of_range_are_named()
    {
        Assert.Contains("MaskedShare", Refused(Small with { MaskedShare = 1 }));
        Assert.Contains("MaxLength", Refused(Small with { MaxLength = 2 }));
        Assert.Contains("MinimumCount", Refused(Small with { MinimumCount = 0 }));
        Assert.Contains("Texts", Refused(Small with { Texts = 0 }));
        Assert.Throws<ArgumentException>(() => Small with { Source = TextSource.Lines } is var options
            ? Run(options, "x") : null);
    }

    private string Refused(TextPretrainingOptions options)
    {
        string message = Assert.Throws<InvalidInputException>(() => Run(options, "refused")).Message;
        Assert.False(Directory.Exists(home.File("refused")));
        return message;
    }
}
