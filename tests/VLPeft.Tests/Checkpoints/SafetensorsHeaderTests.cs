using System.Text;
using CsCheck;
using VLPeft.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Checkpoints;

/// <summary>What the reader refuses beyond the malformed files of the parity fixtures, and that nothing brings it down.</summary>
public sealed class SafetensorsHeaderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", null)]
    [InlineData("""{"w":{"shape":[1],"data_offsets":[0,4],"dtype":"F32"}}   """, null)]
    [InlineData("""{ "__metadata__" : {} , "w" : { "dtype" : "F32" , "shape" : [ ] , "data_offsets" : [ 0 , 4 ] } }""", null)]
    [InlineData("""{"b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", null)]
    [InlineData("""  {"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "begin with '{'")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}} x""", "JSON")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},}""", "JSON")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}{}""", "JSON")]
    [InlineData("""{"\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "JSON")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"more":1}}""", "'more'")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}""", "'shape'")]
    [InlineData("""{"w":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}""", "array")]
    [InlineData("""{"w":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}""", "whole numbers")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}""", "whole numbers")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}""", "more than 2")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", "[begin, end]")]
    [InlineData("""{"w":{"dtype":7,"shape":[1],"data_offsets":[0,4]}}""", "dtype")]
    [InlineData("""{"w":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}}""", "'f32'")]
    [InlineData("""{"w":{"dtype":"U32","shape":[1],"data_offsets":[0,4]}}""", "U32")]
    [InlineData("""{"w":{"dtype":"F8_E4M3","shape":[4],"data_offsets":[0,4]}}""", "convert")]
    [InlineData("""{"w":null}""", "null")]
    [InlineData("""{"__metadata__":null,"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "null")]
    [InlineData("""{"__metadata__":{"a":"1","a":"1"},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "twice")]
    [InlineData("""{"__metadata__":{},"__metadata__":{},"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "twice")]
    [InlineData("""{"w":{"dtype":"F32","shape":[0,4611686018427387904,4],"data_offsets":[0,0]}}""", "64 bits")]
    [InlineData("""{"w":{"dtype":"F32","shape":[1],"data_offsets":[9223372036854775803,9223372036854775807]}}""", "past the end")]
    [InlineData("""{}""", "4 bytes at its end")]
    public void Headers_are_read_strictly(string json, string? fault)
    {
        string path = folder.File("t.safetensors");
        byte[] header = Encoding.UTF8.GetBytes(json);
        File.WriteAllBytes(path, [.. BitConverter.GetBytes(header.LongLength), .. header, 0, 0, 0, 0]);
        if (fault is null)
        {
            SafetensorsFile.Open(path).Dispose();
            return;
        }
        string message = Assert.Throws<InvalidInputException>(() => SafetensorsFile.Open(path)).Message;
        Assert.Contains(path, message, StringComparison.Ordinal);
        Assert.Contains(fault, message, StringComparison.Ordinal);
    }

    [Fact]
    public void More_dimensions_than_libtorch_takes_are_refused()
    {
        string ones = string.Join(",", Enumerable.Repeat("1", 65));
        Headers_are_read_strictly($$$"""{"w":{"dtype":"F32","shape":[{{{ones}}}],"data_offsets":[0,4]}}""", "more than 64");
    }

    [Fact]
    public void A_message_is_one_short_line_whatever_the_names_in_the_file()
    {
        string path = folder.File("t.safetensors");
        string json = $$"""{"\u001b[31m\n{{new string('x', 100_000)}}":7}""";
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)json.Length), .. Encoding.UTF8.GetBytes(json)]);
        string message = Assert.Throws<InvalidInputException>(() => SafetensorsFile.Open(path)).Message;
        Assert.InRange(message.Length, 100, 1000);
        Assert.DoesNotContain(message, char.IsControl);
    }

    [Fact]
    public void A_file_that_is_not_there_or_no_file_is_named()
    {
        foreach (string path in new[] { folder.File("none.safetensors"), folder.Path })
            Assert.Contains(path, Assert.Throws<InvalidInputException>(() => SafetensorsFile.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Mutations_of_a_good_file_are_read_or_refused_but_never_crash()
    {
        byte[] good = Good();
        string path = folder.File("mutant.safetensors");
        int refused = 0;
        // A run of edits: overwrite a byte, insert one, cut one out, or cut off the end; the header is where most of them land.
        var edit = Gen.Select(Gen.Int[0, 3], Gen.Int[0, good.Length + 20], Gen.Byte);
        edit.Array[1, 4].Sample(edits =>
        {
            var bytes = good.ToList();
            foreach ((int kind, int place, byte value) in edits)
                Mutate(bytes, kind, Math.Min(place, bytes.Count), value);
            File.WriteAllBytes(path, [.. bytes]);
            if (!ReadAll(path))
                refused++;
        }, iter: 2000, threads: 1, seed: "0000Checkpt1");
        Assert.InRange(refused, 500, 1999);
    }

    private static void Mutate(List<byte> bytes, int kind, int place, byte value)
    {
        if (kind == 0 && place < bytes.Count)
            bytes[place] = value;
        else if (kind == 1)
            bytes.Insert(place, value);
        else if (kind == 2 && place < bytes.Count)
            bytes.RemoveAt(place);
        else if (kind == 3 && place > bytes.Count / 2)
            bytes.RemoveRange(place, bytes.Count - place);
    }

    /// <summary>Touches every byte of every tensor; any exception but the right one fails the test.</summary>
    private static bool ReadAll(string path)
    {
        using var scope = NewDisposeScope();
        try
        {
            using var file = SafetensorsFile.Open(path);
            foreach (string name in file.Names)
                _ = file.Read(name).clone();
            return true;
        }
        catch (InvalidInputException e)
        {
            Assert.Contains(path, e.Message, StringComparison.Ordinal);
            return false;
        }
    }

    private static byte[] Good()
    {
        using var scope = NewDisposeScope();
        var stream = new MemoryStream();
        SafetensorsWriter.Write(stream,
            [new("a", arange(Scalars.Of(6), ScalarType.Float32).reshape(2, 3)), new("é", ones(3, ScalarType.Bool)), new("e", zeros([0, 2]))],
            new Dictionary<string, string> { ["format"] = "pt" });
        return stream.ToArray();
    }
}
