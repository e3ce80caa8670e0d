using PureHDF;
using VLPeft.Data;
using VLPeft.Data.Features;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Data.Features;

public sealed class Hdf5FeaturesTests : IDisposable
{
    private readonly VLPeft.Tests.TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Features_are_gathered_by_the_numbers_of_the_pictures_names()
    {
        string train = Write("train.h5", ("COCO_train2014_000000000009", 0), ("COCO_train2014_000000000025", 100));
        string test = Write("test.h5", ("dev-850-0-img0", 200), ("2370799", 300));
        using Hdf5Features store = Hdf5Features.Open(train, test);
        Assert.Equal((3, 4), (store.Tokens, store.Width));
        long[] ids = [25, PictureNames.IdOf("dev-850-0-img0"), 9, 2370799, 25];
        using Tensor read = store.Gather([.. ids.Select(store.RowOf)]);
        Assert.Equal([5, 3, 4], read.shape);
        Assert.Equal([.. new[] { 100, 200, 0, 300, 100 }.SelectMany(Values)], read.data<float>().ToArray());
        Assert.Contains("no features of the picture 7", Assert.Throws<InvalidInputException>(() => store.RowOf(7)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => store.Gather([4]));
    }

    [Fact]
    public void Several_threads_read_the_same_numbers()
    {
        using Hdf5Features store = Hdf5Features.Open(Write("a.h5", [.. Enumerable.Range(0, 20).Select(i => ($"{i + 1}", 100 * i))]));
        Parallel.For(0, 200, i =>
        {
            using Tensor read = store.Gather([i % 20]);
            Assert.Equal(Values(100 * (i % 20)), read.data<float>().ToArray());
        });
    }

    [Fact]
    public void Files_of_another_form_are_refused()
    {
        string good = Write("good.h5", ("1", 0));
        Refused(() => Hdf5Features.Open(_folder.File("none.h5")), "none.h5", "no such file");
        Refused(() => Hdf5Features.Open(_folder.Write("text.h5", "no HDF5")), "text.h5", "HDF5");
        Refused(() => Hdf5Features.Open(good, Write("again.h5", ("COCO_val2014_000000000001", 5))), "again.h5", "stands once");
        new H5File { ["features"] = new float[2, 3] }.Write(_folder.File("flat.h5"));
        Refused(() => Hdf5Features.Open(_folder.File("flat.h5")), "flat.h5", "no group");
        new H5File { ["1"] = new H5Group { ["boxes"] = new float[2, 4] } }.Write(_folder.File("boxes.h5"));
        Refused(() => Hdf5Features.Open(_folder.File("boxes.h5")), "picture '1'", "'features'");
        new H5File { ["1"] = new H5Group { ["features"] = new float[6] } }.Write(_folder.File("pooled.h5"));
        Refused(() => Hdf5Features.Open(_folder.File("pooled.h5")), "(tokens, width)", "(6)");
        new H5File { ["1"] = new H5Group { ["features"] = new double[2, 3] } }.Write(_folder.File("double.h5"));
        Refused(() => Hdf5Features.Open(_folder.File("double.h5")), "8 bytes");
        new H5File { ["2"] = new H5Group { ["features"] = new float[2, 4] } }.Write(_folder.File("other.h5"));
        using Hdf5Features mixed = Hdf5Features.Open(good, _folder.File("other.h5"));
        Refused(() => mixed.Gather([mixed.RowOf(2)]), "picture '2'", "(3, 4)", "(2, 4)");
    }

    private string Write(string name, params (string Picture, int First)[] pictures)
    {
        var file = new H5File();
        foreach ((string picture, int first) in pictures)
        {
            var features = new float[3, 4];
            Buffer.BlockCopy(Values(first), 0, features, 0, 12 * sizeof(float));
            file[picture] = new H5Group { ["features"] = features, ["boxes"] = new float[3, 4], ["img_w"] = 640, ["img_h"] = 480 };
        }
        file.Write(_folder.File(name));
        return _folder.File(name);
    }

    private static float[] Values(int first) => [.. Enumerable.Range(first, 12).Select(value => value / 8f)];

    private static void Refused(Action action, params string[] words)
    {
        string message = Assert.Throws<InvalidInputException>(action).Message;
        Assert.All(words, word => Assert.Contains(word, message, StringComparison.Ordinal));
    }
}
