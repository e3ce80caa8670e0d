using System.Text;
using System.Text.Json;
using TorchSharp;
using VLPeft.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Checkpoints;

public sealed class CheckpointFolderTests : IDisposable
{
    private const string Index = "model.safetensors.index.json";

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_single_file_is_taken_before_an_index()
    {
        Write("model.safetensors", ("w", 1));
        File.WriteAllText(folder.File(Index), "not read");
        using var checkpoint = CheckpointFolder.Open(folder.Path);
        Assert.Equal(["w"], checkpoint.Names);
        using Tensor w = checkpoint.Read("w");
        Assert.Equal(1, w.ToSingle());
        Assert.Equal(ScalarType.Float32, checkpoint.Entry("w").Dtype);
        Assert.Throws<ArgumentException>(() => checkpoint.Read("v"));
    }

    [Fact]
    public void Shards_are_read_through_their_index_and_tensors_outlive_the_folder()
    {
        Write("a.safetensors", ("w", 1), ("x", 2));
        Write("b.safetensors", ("v", 3));
        WriteIndex("""{"weight_map": {"w": "a.safetensors", "v": "b.safetensors", "x": "a.safetensors"}}""");
        Tensor v;
        using (var checkpoint = CheckpointFolder.Open(folder.Path))
        {
            Assert.Equal(["v", "w", "x"], checkpoint.Names.Order());
            v = checkpoint.Read("v");
        }
        using (v)
            Assert.Equal(3, v.ToSingle());
    }

    [Theory]
    [InlineData("""{"weight_map": {"w": "a.safetensors"}}""", "'x'")]
    [InlineData("""{"weight_map": {"w": "a.safetensors", "x": "a.safetensors", "y": "a.safetensors"}}""", "'y'")]
    [InlineData("""{"weight_map": {"w": "a.safetensors", "x": "a.safetensors", "y": "none.safetensors"}}""", "'none.safetensors'")]
    [InlineData("""{"weight_map": {"w": "sub/a.safetensors", "x": "a.safetensors"}}""", "sub/a.safetensors")]
    [InlineData("""{"weight_map": {"w": "..\\a.safetensors", "x": "a.safetensors"}}""", "same folder")]
    [InlineData("""{"weight_map": {"w": "C:a.safetensors", "x": "a.safetensors"}}""", "C:a.safetensors")]
    [InlineData("""{"weight_map": {"w": "config.json", "x": "a.safetensors"}}""", "config.json")]
    [InlineData("""{"weight_map": {"w": "..", "x": "a.safetensors"}}""", "'w'")]
    [InlineData("""{"weight_map": {"w": null, "x": "a.safetensors"}}""", "null")]
    [InlineData("""{"weight_map": {"w": "a.safetensors", "w": "a.safetensors", "x": "a.safetensors"}}""", "'w'")]
    [InlineData("""{"weight_map": {"w": "a\ud800.safetensors", "x": "a.safetensors"}}""", "surrogate")]
    [InlineData("""{"weight_map": ["w"]}""", "weight_map")]
    [InlineData("""{}""", "weight_map")]
    [InlineData("""[]""", "Array")]
    [InlineData("""{"weight_map": """, "JSON")]
    public void A_wrong_index_is_refused(string json, string named)
    {
        Write("a.safetensors", ("w", 1), ("x", 2));
        WriteIndex(json);
        string message = Refused(folder.Path);
        Assert.Contains(Index, message, StringComparison.Ordinal);
        Assert.Contains(named, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_weights_says_what_was_looked_for()
    {
        Assert.Contains("does not exist", Refused(folder.File("nowhere")), StringComparison.Ordinal);
        string message = Refused(folder.Path);
        Assert.Contains("model.safetensors", message, StringComparison.Ordinal);
        Assert.Contains(Index, message, StringComparison.Ordinal);
        File.WriteAllText(folder.File("pytorch_model.bin"), "");
        Assert.Contains("'pytorch_model.bin', which is not read yet: convert", Refused(folder.Path), StringComparison.Ordinal);
    }

    [Fact]
    public void The_configuration_is_read_and_its_faults_are_named()
    {
        Write("model.safetensors", ("w", 1));
        using var checkpoint = CheckpointFolder.Open(folder.Path);
        Assert.Equal(folder.File("config.json"), checkpoint.ConfigPath);
        Assert.Contains("does not exist", ConfigError(checkpoint), StringComparison.Ordinal);
        (string Text, string Fault)[] bad =
        [
            ("", "JSON"), ("{", "JSON"), ("{} {}", "JSON"), ("7", "Number"), ("""{"a": 1, "a": 2}""", "'a'"),
            ("""{"a": ["\ud800"]}""", "surrogate"), ("""{"\ud800": 1}""", "surrogate"), ("{\"a\": \"\u00ff\"}", "UTF-8"),
            (string.Concat(Enumerable.Repeat("""{"a":""", 100_000)), "depth"),
        ];
        foreach ((string text, string fault) in bad)
        {
            File.WriteAllText(checkpoint.ConfigPath, text, Encoding.Latin1);
            Assert.Contains(fault, ConfigError(checkpoint), StringComparison.Ordinal);
        }
        File.WriteAllText(checkpoint.ConfigPath, """{"hidden_size": 32}""");
        using JsonDocument config = checkpoint.ReadConfig();
        Assert.Equal(32, config.RootElement.GetProperty("hidden_size").GetInt32());
    }

    private static string ConfigError(CheckpointFolder checkpoint)
    {
        string message = Assert.Throws<InvalidInputException>(() => checkpoint.ReadConfig()).Message;
        Assert.Contains(checkpoint.ConfigPath, message, StringComparison.Ordinal);
        return message;
    }

    private static string Refused(string path)
    {
        string message = Assert.Throws<InvalidInputException>(() => CheckpointFolder.Open(path)).Message;
        Assert.Contains(path, message, StringComparison.Ordinal);
        return message;
    }

    private void WriteIndex(string json) => File.WriteAllText(folder.File(Index), json);

    private void Write(string name, params (string Name, float Value)[] tensors)
    {
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(folder.File(name), tensors.Select(t => KeyValuePair.Create(t.Name, tensor(t.Value))));
    }
}
