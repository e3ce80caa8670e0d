using System.Text;
using TorchSharp;
using VLPeft.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Checkpoints;

public sealed class SafetensorsRoundTripTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly DisposeScope scope = NewDisposeScope();

    public SafetensorsRoundTripTests() => set_num_threads(1);

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    public static TheoryData<ScalarType> Dtypes =>
    [
        ScalarType.Bool, ScalarType.Byte, ScalarType.Int8, ScalarType.Int16, ScalarType.Int32, ScalarType.Int64,
        ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32, ScalarType.Float64, ScalarType.ComplexFloat32,
    ];

    [Theory]
    [MemberData(nameof(Dtypes))]
    public void Every_type_and_shape_comes_back_bit_for_bit(ScalarType dtype)
    {
        Tensor values = dtype == ScalarType.ComplexFloat32 ? rand(24, dtype) : rand(24).Times(200).to(dtype);
        var tensors = new Dictionary<string, Tensor>
        {
            ["matrix"] = values.reshape(4, 6),
            ["scalar"] = values[3],
            ["empty"] = empty([0, 7], dtype),
            ["nine dimensions"] = values.reshape(1, 2, 1, 3, 1, 2, 1, 2, 1),
            ["transposed"] = values.reshape(4, 6).t(),
            ["strided"] = values.reshape(4, 6)[TensorIndex.Slice(1, 3), TensorIndex.Slice(0, 6, 2)],
            ["expanded"] = values[5].expand(3, 2),
        };
        SafetensorsWriter.Write(folder.File("t.safetensors"), tensors);
        using var file = SafetensorsFile.Open(folder.File("t.safetensors"));
        Assert.Equal(tensors.Keys.Order(), file.Names.Order());
        foreach ((string name, Tensor expected) in tensors)
        {
            Tensor actual = file.Read(name);
            Assert.Equal(dtype, actual.dtype);
            Assert.Equal(expected.shape, actual.shape);
            Assert.Equal(Bytes(expected), Bytes(actual));
        }
    }

    [Fact]
    public void Special_floats_keep_their_bits()
    {
        Tensor expected = tensor(new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity, -0f, float.Epsilon, float.MaxValue });
        SafetensorsWriter.Write(folder.File("t"), [new("x", expected)]);
        using var file = SafetensorsFile.Open(folder.File("t"));
        Assert.Equal(Bytes(expected), Bytes(file.Read("x")));
    }

    [Fact]
    public void The_bytes_are_those_of_the_reference_whatever_the_order()
    {
        var a = tensor(new byte[] { 1, 2, 3 });
        var b = tensor(new[] { 1f });
        const string json = """
            {"__metadata__":{"a":"1","format":"pt"},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},
            "c":{"dtype":"F32","shape":[],"data_offsets":[4,8]},"a é":{"dtype":"U8","shape":[3],"data_offsets":[8,11]}}
            """;
        byte[] header = Encoding.UTF8.GetBytes(json.Replace("\n", "", StringComparison.Ordinal));
        int padded = (header.Length + 7) / 8 * 8;
        byte[] expected = [.. BitConverter.GetBytes((long)padded), .. header, .. Enumerable.Repeat((byte)' ', padded - header.Length),
            0, 0, 128, 63, 0, 0, 128, 63, 1, 2, 3];
        KeyValuePair<string, Tensor>[] tensors = [new("a é", a), new("c", b[0]), new("b", b)];
        var metadata = new Dictionary<string, string> { ["format"] = "pt", ["a"] = "1" };
        Assert.Equal(expected, Written(tensors, metadata));
        Assert.Equal(expected, Written(tensors.Reverse(), metadata));
    }

    [Fact]
    public void Metadata_and_names_with_any_characters_come_back()
    {
        string[] names = ["", " ", "name with spaces/é.🙂", "quote\" back\\slash", "line\nfeed\u0001", "a.b", "__metadata", "\u2028"];
        var metadata = names.ToDictionary(name => name, name => name + "!");
        SafetensorsWriter.Write(folder.File("t"), names.Select((name, i) => KeyValuePair.Create(name, tensor(i))), metadata);
        using var file = SafetensorsFile.Open(folder.File("t"));
        Assert.Equal(metadata, file.Metadata);
        for (int i = 0; i < names.Length; i++)
            Assert.Equal(i, file.Read(names[i]).item<int>());
    }

    [Fact]
    public void A_file_without_tensors_is_a_file()
    {
        SafetensorsWriter.Write(folder.File("t"), []);
        using var file = SafetensorsFile.Open(folder.File("t"));
        Assert.Empty(file.Names);
        Assert.Empty(file.Metadata);
    }

    [Fact]
    public void Data_larger_than_a_chunk_and_parameters_are_written_whole()
    {
        Tensor expected = arange(Scalars.Of((1 << 24) + 5), ScalarType.Byte).reshape(-1);
        SafetensorsWriter.Write(folder.File("t"), [new("x", expected), new("p", new TorchSharp.Modules.Parameter(ones(2)))]);
        using var file = SafetensorsFile.Open(folder.File("t"));
        Assert.True(file.Read("x").Equals(expected));
        Assert.True(file.Read("p").Equals(ones(2)));
        Assert.False(file.Read("p").requires_grad);
    }

    [Fact]
    public void Tensors_the_format_cannot_hold_are_refused_before_anything_is_written()
    {
        Tensor one = ones(1);
        Refused(new("x", one), new("x", one));
        Refused(new KeyValuePair<string, Tensor>("__metadata__", one));
        Refused(new KeyValuePair<string, Tensor>("lone surrogate \ud800", one));
        Refused(new KeyValuePair<string, Tensor>("meta", empty(1, device: META)));
        Refused(new KeyValuePair<string, Tensor>("complex", zeros(1, ScalarType.ComplexFloat64)));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    private void Refused(params KeyValuePair<string, Tensor>[] tensors) =>
        Assert.ThrowsAny<ArgumentException>(() => SafetensorsWriter.Write(folder.File("t"), tensors));

    private static byte[] Written(IEnumerable<KeyValuePair<string, Tensor>> tensors, Dictionary<string, string> metadata)
    {
        var stream = new MemoryStream();
        SafetensorsWriter.Write(stream, tensors, metadata);
        return stream.ToArray();
    }

    private static byte[] Bytes(Tensor tensor) => tensor.contiguous().bytes.ToArray();
}
