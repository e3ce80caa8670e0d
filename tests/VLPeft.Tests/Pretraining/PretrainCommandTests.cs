using Spectre.Console.Testing;
using VLPeft.Cli;
using VLPeft.Tests.Models;
using Xunit;

namespace VLPeft.Tests.Pretraining;

[Collection(Seeded.Name)]
public sealed class PretrainCommandTests : IDisposable
{
    private readonly TemporaryFolder home = new();

    public void Dispose() => home.Dispose();

    [Theory]
    [InlineData("vit", "at-position-shape", "vision")]
    [InlineData("beit", "at-position-shape", "vision", "--architecture", "beit")]
    [InlineData("clip", "image-recall-at-1", "clip", "--batch-size", "32")]
    public void Scenes_make_an_encoder_and_what_was_made_is_printed(string type, string metric, params string[] what)
    {
        (int code, string output, _) = Run(["pretrain", .. what, "-o", home.File("m"), "--steps", "2", "--images", "64", "--json"]);

        Assert.Equal(0, code);
        Assert.Contains($"\"{metric}\"", output);
        Assert.Contains($"\"model_type\": \"{type}\"", File.ReadAllText(home.File("m", "config.json")));
        Assert.True(File.Exists(home.File("m", "model.safetensors")));
    }

    [Fact]
    public void Text_takes_a_file()
    {
        string file = home.Write("texts.txt", "one zebra runs\ntwo zebra runs\nthree zebra runs\n");

        (int code, string output, _) = Run("pretrain", "text", "-o", home.File("m"), "--texts", file, "--steps", "2");

        Assert.Equal(0, code);
        Assert.Contains("held out: loss", output);
    }

    [Theory]
    [InlineData("--output", "pretrain", "text")]
    [InlineData("got more", "pretrain", "text", "-o", "x", "--texts", "a", "--questions", "b")]
    [InlineData("got more", "pretrain", "text", "-o", "x", "--captions", "a", "--questions", "b")]
    [InlineData("no such file", "pretrain", "text", "-o", "x", "--architecture", "gpt2", "--captions", "missing.json")]
    [InlineData("--architecture", "pretrain", "text", "-o", "x", "--architecture", "gpt3")]
    [InlineData("no such file", "pretrain", "text", "-o", "x", "--questions", "missing.json")]
    [InlineData("--architecture: expected one of vit, beit, got 'resnet'", "pretrain", "vision", "-o", "x", "--architecture", "resnet")]
    [InlineData("unknown option '--architecture'", "pretrain", "clip", "-o", "x", "--architecture", "vit")]
    [InlineData("Images must be from 1 to 500,000, not 0", "pretrain", "vision", "-o", "x", "--images", "0")]
    [InlineData("Images must be from 2 to 500,000, not 1", "pretrain", "clip", "-o", "x", "--images", "1")]
    [InlineData("BatchSize", "pretrain", "clip", "-o", "x", "--batch-size", "1")]
    [InlineData("Steps", "pretrain", "vision", "-o", "x", "--steps", "0")]
    public void Bad_input_is_explained(string message, params string[] args)
    {
        (int code, _, string error) = Run(args);

        Assert.Equal(2, code);
        Assert.Contains(message, error);
    }

    private static (int Code, string Output, string Error) Run(params string[] args)
    {
        using var output = new TestConsole();
        using var error = new TestConsole();
        int code = CliApplication.Run(args, new CliConsole(output, error));
        return (code, output.Output, error.Output);
    }
}
