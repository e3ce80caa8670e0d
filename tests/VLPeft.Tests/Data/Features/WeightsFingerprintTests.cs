using TorchSharp;
using VLPeft.Checkpoints;
using VLPeft.Data.Features;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Data.Features;

public sealed class WeightsFingerprintTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public WeightsFingerprintTests() => set_num_threads(1);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Order_layout_and_gradients_do_not_matter()
    {
        using Tensor a = arange(Scalars.Of(6), float32).view(2, 3), b = ones(4, int64), transposed = a.t().contiguous().t();
        string expected = WeightsFingerprint.Of([("a", a), ("b", b)]);
        Assert.Equal(expected, WeightsFingerprint.Of([("b", b), ("a", transposed)]));
        Assert.Equal(expected, WeightsFingerprint.Of([("a", a.clone().requires_grad_()), ("b", b)]));
        Assert.Matches("^[0-9a-f]{32}$", expected);
    }

    [Fact]
    public void Any_difference_matters()
    {
        using Tensor a = arange(Scalars.Of(6), float32), changed = a.clone(), negativeZero = a.clone();
        changed[5] = 5.0000005f;
        negativeZero[0] = -0f;
        string[] prints =
        [
            WeightsFingerprint.Of([("a", a)]), WeightsFingerprint.Of([("b", a)]), WeightsFingerprint.Of([("a", changed)]),
            WeightsFingerprint.Of([("a", negativeZero)]), WeightsFingerprint.Of([("a", a.view(2, 3))]),
            WeightsFingerprint.Of([("a", a.to(bfloat16))]),
            WeightsFingerprint.Of([("a", a.to(int32))]), WeightsFingerprint.Of([("a", a), ("b", empty(0))]), WeightsFingerprint.Of([]),
            WeightsFingerprint.Of([("a", a[..3]), ("b", a[3..])]),
        ];
        Assert.Equal(prints.Length, prints.Distinct().Count());
        Assert.Throws<ArgumentException>(() => WeightsFingerprint.Of([("a", a), ("a", a)]));
    }

    [Fact]
    public void A_module_is_its_state()
    {
        using var first = nn.Linear(3, 2);
        string before = WeightsFingerprint.Of(first);
        Assert.Equal(before, WeightsFingerprint.Of([("bias", first.bias!), ("weight", first.weight!)]));
        using (no_grad())
            first.bias!.add_(Scalars.One, Scalars.One);
        Assert.NotEqual(before, WeightsFingerprint.Of(first));
    }

    [Fact]
    public void A_folder_is_its_weight_file_or_shards()
    {
        using Tensor a = ones(3), b = zeros(3);
        SafetensorsWriter.Write(folder.File("model.safetensors"), new Dictionary<string, Tensor> { ["a"] = a });
        string whole = WeightsFingerprint.OfFolder(folder.Path);
        Assert.Equal(whole, WeightsFingerprint.OfFolder(folder.Path));
        SafetensorsWriter.Write(folder.File("model.safetensors"), new Dictionary<string, Tensor> { ["a"] = b });
        Assert.NotEqual(whole, WeightsFingerprint.OfFolder(folder.Path));

        File.Move(folder.File("model.safetensors"), folder.File("s1.safetensors"));
        SafetensorsWriter.Write(folder.File("s2.safetensors"), new Dictionary<string, Tensor> { ["b"] = a });
        File.WriteAllText(folder.File("model.safetensors.index.json"),
            """{"weight_map": {"b": "s2.safetensors", "a": "s1.safetensors"}}""");
        string sharded = WeightsFingerprint.OfFolder(folder.Path);
        SafetensorsWriter.Write(folder.File("s2.safetensors"), new Dictionary<string, Tensor> { ["b"] = b });
        Assert.NotEqual(sharded, WeightsFingerprint.OfFolder(folder.Path));
        File.Delete(folder.File("s2.safetensors"));
        Assert.Contains("s2.safetensors", Assert.Throws<InvalidInputException>(() => WeightsFingerprint.OfFolder(folder.Path)).Message);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"weight_map\": {\"a\": null}}")]
    [InlineData("{\"weight_map\": 3}")]
    [InlineData("nonsense")]
    public void A_broken_shard_index_is_named(string text)
    {
        File.WriteAllText(folder.File("model.safetensors.index.json"), text);
        Assert.Contains("index.json", Assert.Throws<InvalidInputException>(() => WeightsFingerprint.OfFolder(folder.Path)).Message);
    }

    [Fact]
    public void A_folder_without_weights_is_named() =>
        Assert.Contains(folder.Path, Assert.Throws<InvalidInputException>(() => WeightsFingerprint.OfFolder(folder.Path)).Message);
}
