using System.Text.Json;
using TorchSharp;
using VLPeft.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Checkpoints;

/// <summary>Every safetensors file of <c>checkpoints/expected.json</c>, every malformed one of <c>checkpoints/bad/bad.json</c>.</summary>
[Trait("Category", "Parity")]
public sealed class SafetensorsParityTests
{
    private const double SumTolerance = 1e-6;                           // relative, as README.md says

    private static readonly JsonDocument Expected = FixtureRoot.Json("checkpoints", "expected.json");

    public SafetensorsParityTests() => set_num_threads(1);

    public static TheoryData<string> GoodFiles =>
        [.. Expected.RootElement.GetProperty("files").EnumerateObject().Select(file => file.Name).Where(IsSafetensors)];

    public static TheoryData<string> BadFiles => [.. BadOfKind("safetensors").Concat(BadOfKind("index"))];

    public static TheoryData<string> ControlFiles => [.. BadOfKind("good").Where(IsSafetensors)];

    [Theory]
    [MemberData(nameof(GoodFiles))]
    public void Every_tensor_has_the_reference_type_shape_and_values(string path)
    {
        JsonElement tensors = Expected.RootElement.GetProperty("files").GetProperty(path).GetProperty("tensors");
        if (HasUnreadableType(tensors))
        {
            string message = Assert.Throws<InvalidInputException>(() => Open(path)).Message;
            Assert.Contains("can't be read here", message, StringComparison.Ordinal);
            return;
        }
        using var scope = NewDisposeScope();
        ITensorSource source = Open(path);
        using var close = (IDisposable)source;
        Assert.Equal(tensors.EnumerateObject().Select(t => t.Name).Order(), source.Names.Order());
        foreach (JsonProperty expected in tensors.EnumerateObject())
            Compare(expected.Value, source.Entry(expected.Name), source.Read(expected.Name));
    }

    /// <summary>What our writer makes of the reference's files holds the same bytes under the same names.</summary>
    [Theory]
    [MemberData(nameof(GoodFiles))]
    public void Rewriting_keeps_every_bit(string path)
    {
        if (HasUnreadableType(Expected.RootElement.GetProperty("files").GetProperty(path).GetProperty("tensors")))
            return;
        using var scope = NewDisposeScope();
        ITensorSource source = Open(path);
        using var close = (IDisposable)source;
        string copy = Path.GetTempFileName();
        try
        {
            SafetensorsWriter.Write(copy, source.Names.Select(name => KeyValuePair.Create(name, source.Read(name))));
            using var rewritten = SafetensorsFile.Open(copy);
            Assert.Equal(source.Names.Count, rewritten.Names.Count);
            foreach (string name in source.Names)
            {
                Assert.Equal(source.Entry(name).Shape, rewritten.Entry(name).Shape);
                Assert.Equal(source.Read(name).bytes.ToArray(), rewritten.Read(name).bytes.ToArray());
            }
        }
        finally
        {
            File.Delete(copy);
        }
    }

    [Theory]
    [MemberData(nameof(BadFiles))]
    public void A_malformed_file_is_refused_with_its_name_and_a_reason(string path)
    {
        string full = FixtureRoot.File("checkpoints", "bad", path);
        Assert.True(File.Exists(full), $"{full} is listed, but not there");
        string message = Assert.Throws<InvalidInputException>(() => Open(Path.Combine("bad", path))).Message;
        Assert.Contains(Path.GetDirectoryName(full)!, message, StringComparison.Ordinal);
        Assert.Contains(Path.GetFileName(full), message, StringComparison.Ordinal);
        Assert.InRange(message.Length, full.Length + 20, full.Length + 500);
    }

    [Theory]
    [MemberData(nameof(ControlFiles))]
    public void A_healthy_file_of_the_same_writer_is_read(string path)
    {
        using var scope = NewDisposeScope();
        using var file = SafetensorsFile.Open(FixtureRoot.File("checkpoints", "bad", path));
        Assert.NotEmpty(file.Names);
        Assert.All(file.Names, name => Assert.Equal(file.Entry(name).Shape, file.Read(name).shape));
    }

    private static ITensorSource Open(string path)
    {
        string full = FixtureRoot.File("checkpoints", path);
        return path.EndsWith(".index.json", StringComparison.Ordinal)
            ? CheckpointFolder.Open(Path.GetDirectoryName(full)!)
            : SafetensorsFile.Open(full);
    }

    private static bool IsSafetensors(string path) =>
        path.EndsWith(".safetensors", StringComparison.Ordinal) || path.EndsWith(".safetensors.index.json", StringComparison.Ordinal);

    private static List<string> BadOfKind(string kind)
    {
        using JsonDocument bad = FixtureRoot.Json("checkpoints", "bad", "bad.json");
        return [.. bad.RootElement.GetProperty("files").EnumerateArray()
            .Where(file => file.GetProperty("kind").GetString() == kind)
            .Select(file => file.GetProperty("file").GetString()!)];
    }

    /// <summary>README.md leaves float8 to the reader; this one refuses it.</summary>
    private static bool HasUnreadableType(JsonElement tensors) =>
        tensors.EnumerateObject().Any(t => t.Value.GetProperty("dtype").GetString()!.StartsWith("float8", StringComparison.Ordinal));

    private static void Compare(JsonElement expected, SafetensorsEntry entry, Tensor actual)
    {
        Assert.Equal(TypeOf(expected.GetProperty("dtype").GetString()!), actual.dtype);
        Assert.Equal(actual.dtype, entry.Dtype);
        long[] shape = [.. expected.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
        Assert.Equal(shape, actual.shape);
        Assert.Equal(shape, entry.Shape);

        double[] values = actual.reshape(-1).to(ScalarType.Float64).data<double>().ToArray();
        double[] first = [.. expected.GetProperty("first").EnumerateArray().Select(value => value.GetDouble())];
        Assert.Equal(Math.Min(values.Length, 8), first.Length);
        for (int i = 0; i < first.Length; i++)
            AssertSame(first[i], values[i], actual.dtype);
        double sum = expected.GetProperty("sum").GetDouble();
        // The second term is the rounding of a sum of float64, for values that cancel.
        Assert.Equal(sum, values.Sum(), Math.Max(SumTolerance * Math.Abs(sum), 1e-12 * values.Sum(Math.Abs)));
    }

    /// <summary>The fixture prints 9 digits, which tell float32 values and all narrower ones apart, not wider ones.</summary>
    private static void AssertSame(double expected, double actual, ScalarType dtype)
    {
        if (dtype is ScalarType.Float64 or ScalarType.Int64 or ScalarType.Int32)
            Assert.Equal(expected, actual, 5e-9 * Math.Abs(actual));
        else
            Assert.Equal(BitConverter.SingleToInt32Bits((float)expected), BitConverter.SingleToInt32Bits((float)actual));
    }

    private static ScalarType TypeOf(string name) => name switch
    {
        "float64" => ScalarType.Float64,
        "float32" => ScalarType.Float32,
        "float16" => ScalarType.Float16,
        "bfloat16" => ScalarType.BFloat16,
        "int64" => ScalarType.Int64,
        "int32" => ScalarType.Int32,
        "int16" => ScalarType.Int16,
        "int8" => ScalarType.Int8,
        "uint8" => ScalarType.Byte,
        "bool" => ScalarType.Bool,
        _ => throw new NotSupportedException($"expected.json names the type {name}"),
    };
}
