using System.Runtime.CompilerServices;
using TorchSharp;
using VLPeft.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Checkpoints;

/// <summary>What a tensor on a private mapping may do, and how long it lives.</summary>
public sealed class SafetensorsMappingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public SafetensorsMappingTests() => set_num_threads(1);

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_write_to_a_tensor_stays_private()
    {
        using var scope = NewDisposeScope();
        string path = WriteRange(100);
        byte[] before = File.ReadAllBytes(path);
        using (var file = SafetensorsFile.Open(path))
        {
            Tensor first = file.Read("x"), second = file.Read("x");
            first.fill_(Scalars.Of(-1));
            Assert.Equal(-100, second.sum().ToSingle());                // no copy: both stand on the same pages
        }
        Assert.Equal(before, File.ReadAllBytes(path));
        using var again = SafetensorsFile.Open(path);
        Assert.Equal(4950, again.Read("x").sum().ToSingle());
    }

    [Fact]
    public void A_tensor_outlives_its_file_object_and_its_file()
    {
        using var scope = NewDisposeScope();
        string path = WriteRange(100);
        Tensor x;
        using (var file = SafetensorsFile.Open(path))
            x = file.Read("x");
        File.Delete(path);
        Assert.Equal(4950, x.sum().ToSingle());
        x.add_(Scalars.One, Scalars.One);
        Assert.Equal(5050, x.sum().ToSingle());
    }

    [Fact]
    public void The_mapping_goes_with_the_last_view_of_it()
    {
        string path = WriteRange(100);
        Tensor view;
        using (var file = SafetensorsFile.Open(path))
        using (Tensor x = file.Read("x"))
        using (Tensor second = file.Read("x"))
            view = x[TensorIndex.Slice(10, 20)];
        Assert.Equal(145, view.sum().ToSingle());
        Assert.True(MemoryMaps.Contain(path));
        view.Dispose();
        Assert.False(MemoryMaps.Contain(path));
    }

    [Fact]
    public void A_file_without_live_tensors_is_unmapped_on_dispose()
    {
        string path = WriteRange(100);
        var file = SafetensorsFile.Open(path);
        file.Read("x").Dispose();
        Assert.True(MemoryMaps.Contain(path));
        file.Dispose();
        Assert.False(MemoryMaps.Contain(path));
        Assert.Throws<ObjectDisposedException>(() => file.Read("x"));
    }

    [Fact]
    public void A_file_object_that_was_forgotten_goes_with_its_tensors()
    {
        string path = WriteRange(100);
        using (Tensor x = ReadAndForget(path))
        {
            Collect();
            using Tensor last = x[99];
            Assert.Equal(99, last.ToSingle());
        }
        Collect();
        Assert.False(MemoryMaps.Contain(path));

        [MethodImpl(MethodImplOptions.NoInlining)]
        static Tensor ReadAndForget(string path) => SafetensorsFile.Open(path).Read("x");

        static void Collect()
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    [Fact]
    public void The_file_may_be_replaced_while_it_is_open()
    {
        using var scope = NewDisposeScope();
        string path = WriteRange(100);
        using var file = SafetensorsFile.Open(path);
        WriteRange(10);
        Assert.Equal(4950, file.Read("x").sum().ToSingle());
        using var replaced = SafetensorsFile.Open(path);
        Assert.Equal(45, replaced.Read("x").sum().ToSingle());
    }

    [Fact]
    public void Tensors_take_part_in_dispose_scopes()
    {
        using var file = SafetensorsFile.Open(WriteRange(100));
        Tensor inside, moved;
        using (var outer = NewDisposeScope())
        {
            using (var inner = NewDisposeScope())
            {
                inside = file.Read("x");
                moved = file.Read("x").MoveToOuterDisposeScope();
                Assert.Equal(1, inner.DisposablesCount);
            }
            Assert.True(inside.IsInvalid);
            Assert.False(moved.IsInvalid);
        }
        Assert.True(moved.IsInvalid);
    }

    [Fact]
    public void Misaligned_data_is_copied()
    {
        using var scope = NewDisposeScope();
        // One byte of data before the floats: their address is odd.
        string json = """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"F32","shape":[2,1],"data_offsets":[1,9]}}""";
        using (var stream = new BinaryWriter(File.Create(folder.File("odd"))))
        {
            stream.Write((long)json.Length);
            stream.Write(System.Text.Encoding.UTF8.GetBytes(json));
            stream.Write((byte)9);
            stream.Write(1.5f);
            stream.Write(-2f);
        }
        using var file = SafetensorsFile.Open(folder.File("odd"));
        Tensor x = file.Read("x");
        Assert.True(x.Equals(tensor(new[,] { { 1.5f }, { -2f } })));
        x.fill_(Scalars.Of(0));
        Assert.Equal(1.5f, file.Read("x")[0].ToSingle());
    }

    [Fact]
    public void Reading_from_many_threads_counts_right()
    {
        string path = WriteRange(1000);
        using (var file = SafetensorsFile.Open(path))
        {
            Parallel.For(0, 2000, new ParallelOptions { MaxDegreeOfParallelism = 4 }, _ =>
            {
                using Tensor x = file.Read("x");
                using Tensor sum = x.sum();
                Assert.Equal(499500, sum.ToSingle());
            });
        }
        Assert.False(MemoryMaps.Contain(path));
    }

    private string WriteRange(int count)
    {
        using Tensor x = arange(Scalars.Of(count), ScalarType.Float32);
        SafetensorsWriter.Write(folder.File("t.safetensors"), [new("x", x)]);
        return folder.File("t.safetensors");
    }

}
