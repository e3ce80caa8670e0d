using VLPeft.Evaluation.Captions;
using Xunit;

namespace VLPeft.Tests.Evaluation.Captions;

/// <summary>The wrapper, with a shell script for Java: the official jar can't be had here.</summary>
public sealed class SpiceTests : IDisposable
{
    private static readonly CaptionExample[] Examples = [new("7", "a \"man\"", ["a man", "a boy"]), new("cat\n8", "", ["a cat"])];

    private readonly TemporaryFolder _temporary = new();

    public void Dispose() => _temporary.Dispose();

    [Fact]
    public void ScoresAreReadByPictureInAnyOrder()
    {
        CaptionMetric spice = Run("""
            cp "$4" "$(dirname "$3")/input.json"; echo "$@" > "$(dirname "$3")/arguments"; pwd > "$(dirname "$3")/folder"
            printf '%s' '[{"image_id": "cat\n8", "scores": {"All": {"f": 0.25, "pr": 1.0, "re": 0.1}}}, {"image_id": 7, "scores": {"All": {"f": 0.5}}}]' > "$6"
            """).Score(Examples);
        Assert.Equal([0.5, 0.25], spice.PerImage);
        Assert.Equal(0.375, spice.Score);
        Assert.Equal(
            """[{"image_id":"7","test":"a \"man\"","refs":["a man","a boy"]},{"image_id":"cat\n8","test":"","refs":["a cat"]}]""",
            File.ReadAllText(Path.Combine(_temporary.Path, "input.json")));
        Assert.StartsWith("-Xmx8G -jar " + Path.Combine(_temporary.Path, "spice.jar"), File.ReadAllText(Path.Combine(_temporary.Path, "arguments")), StringComparison.Ordinal);
        Assert.Equal(_temporary.Path, File.ReadAllText(Path.Combine(_temporary.Path, "folder")).TrimEnd());
    }

    [Theory]
    [InlineData("echo 'no memory' >&2; exit 3", "exit code 3", "no memory")]
    [InlineData("exit 0", "exit code 0")]
    [InlineData("echo '[{\"image_id\": \"7\"' > \"$6\"", "valid JSON")]
    [InlineData("echo '{}' > \"$6\"", "image_id 7")]
    [InlineData("echo '[3, {\"image_id\": \"7\", \"scores\": {\"All\": {\"f\": null}}}]' > \"$6\"", "image_id 7")]
    public void WhatGoesWrongIsSaid(string script, params string[] words)
    {
        Spice spice = Run(script);
        var error = Assert.Throws<InvalidInputException>(() => spice.Score(Examples));
        Assert.All(words, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void AMissingJarAndAMissingJavaAreNamed()
    {
        Assert.Contains("no such file", Assert.Throws<InvalidInputException>(() => new Spice("/not/there.jar")).Message, StringComparison.Ordinal);
        string jar = Path.Combine(_temporary.Path, "spice.jar");
        File.WriteAllText(jar, "");
        var error = Assert.Throws<InvalidInputException>(() => new Spice(jar, Path.Combine(_temporary.Path, "no-java")).Score(Examples));
        Assert.Contains("SPICE needs Java", error.Message, StringComparison.Ordinal);
    }

    private Spice Run(string script)
    {
        string jar = Path.Combine(_temporary.Path, "spice.jar"), java = Path.Combine(_temporary.Path, "java");
        File.WriteAllText(jar, "");
        File.WriteAllText(java, $"#!/bin/sh\n{script}\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(java, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        return new Spice(jar, java);
    }
}
