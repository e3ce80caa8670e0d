using System.Runtime.InteropServices;
using PureHDF;
using PureHDF.VOL.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Data.Features;

/// <summary>
/// Features in VL-T5's and VL-Adapter's HDF5 files: a group for each picture by its name, <c>COCO_train2014_000000000009/features</c>, (V, d).
/// Several files (the splits of a data set) are one store; pictures go by the numbers of their names (<see cref="PictureNames"/>). The files'
/// boxes and sizes are not read: VL-Adapter's grid features have none.
/// </summary>
public sealed class Hdf5Features : IFeatureStore, IDisposable
{
    private readonly record struct Place(NativeFile File, string Path, string Name);

    private readonly NativeFile[] _files;
    private readonly List<Place> _rows = [];
    private readonly Dictionary<long, int> _rowOf = [];
    private readonly Lock _reading = new();

    private Hdf5Features(NativeFile[] files) => _files = files;

    /// <inheritdoc/>
    public long Tokens { get; private set; }

    /// <inheritdoc/>
    public long Width { get; private set; }

    /// <summary>Opens files and indexes their pictures.</summary>
    /// <param name="paths">At least one file; a picture stands in one of them.</param>
    /// <exception cref="InvalidInputException">
    /// A file is missing or no HDF5 file, holds no group with features of two dimensions, or a picture stands twice.
    /// </exception>
    public static Hdf5Features Open(params IReadOnlyList<string> paths)
    {
        ArgumentNullException.ThrowIfNull(paths);
        ArgumentOutOfRangeException.ThrowIfZero(paths.Count);
        List<NativeFile> files = [];
        try
        {
            foreach (string path in paths)
                files.Add(OpenFile(path));
            var features = new Hdf5Features([.. files]);
            for (int i = 0; i < paths.Count; i++)
                features.Index(files[i], paths[i]);
            (features.Tokens, features.Width) = features.ShapeOf(features._rows[0]);
            return features;
        }
        catch
        {
            files.ForEach(file => file.Dispose());
            throw;
        }
    }

    /// <inheritdoc/>
    public int RowOf(long imageId) => _rowOf.TryGetValue(imageId, out int row)
        ? row
        : throw new InvalidInputException(
            $"'{_rows[0].Path}' has no features of the picture {imageId}: the {_files.Length} HDF5 files have those of {_rows.Count} others, '{_rows[0].Name}' first.");

    /// <inheritdoc/>
    public Tensor Gather(ReadOnlySpan<int> rows)
    {
        Tensor gathered = empty([rows.Length, Tokens, Width]);
        Span<float> values = MemoryMarshal.Cast<byte, float>(gathered.bytes);
        int size = checked((int)(Tokens * Width));
        for (int i = 0; i < rows.Length; i++)
            Read(rows[i], values.Slice(i * size, size));
        return gathered;
    }

    /// <summary>Closes the files.</summary>
    public void Dispose()
    {
        foreach (NativeFile file in _files)
            file.Dispose();
    }

    private void Read(int row, Span<float> target)
    {
        if ((uint)row >= _rows.Count)
            throw new ArgumentOutOfRangeException(nameof(row), $"Row {row} was asked of the {_rows.Count} there are.");
        Place place = _rows[row];
        (long tokens, long width) = ShapeOf(place);
        if ((tokens, width) != (Tokens, Width))
            throw Error(place, $"expected features ({Tokens}, {Width}) as those of '{_rows[0].Name}', came ({tokens}, {width}).");
        lock (_reading)
            Dataset(place).Read<float[]>().CopyTo(target);
    }

    private (long Tokens, long Width) ShapeOf(Place place)
    {
        lock (_reading)
        {
            IH5Dataset dataset = Dataset(place);
            ulong[] shape = dataset.Space.Dimensions;
            return shape.Length == 2 && dataset.Type is { Class: H5DataTypeClass.FloatingPoint, Size: sizeof(float) }
                ? ((long)shape[0], (long)shape[1])
                : throw Error(place, $"expected float32 features (tokens, width), came {dataset.Type.Class} of {dataset.Type.Size} bytes ({string.Join(", ", shape)}).");
        }
    }

    private static IH5Dataset Dataset(Place place)
    {
        IH5Group group = place.File.Group(place.Name);
        return group.LinkExists("features") ? group.Dataset("features") : throw Error(place, "expected a data set 'features' in it, found none.");
    }

    private void Index(NativeFile file, string path)
    {
        int before = _rows.Count;
        foreach (IH5Object child in file.Children())
        {
            if (child is not IH5Group)
                continue;
            long id = PictureNames.IdOf(child.Name);
            if (!_rowOf.TryAdd(id, _rows.Count))
                throw new InvalidInputException($"'{path}': the picture '{child.Name}' is '{_rows[_rowOf[id]].Name}' in '{_rows[_rowOf[id]].Path}' as well; a picture stands once.");
            _rows.Add(new Place(file, path, child.Name));
        }
        if (_rows.Count == before)
            throw new InvalidInputException($"'{path}': expected a group with 'features' for each picture, found no group.");
    }

    private static NativeFile OpenFile(string path)
    {
        try
        {
            return H5File.OpenRead(path);
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw new InvalidInputException(File.Exists(path) ? $"'{path}': expected an HDF5 file, which it is not: {e.Message}" : $"'{path}': no such file.", e);
        }
    }

    private static InvalidInputException Error(Place place, string message) => new($"'{place.Path}', picture '{place.Name}': {message}");
}
