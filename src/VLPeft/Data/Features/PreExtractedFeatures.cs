using System.Text.Json;
using TorchSharp;
using VLPeft.Checkpoints;
using static TorchSharp.torch;

namespace VLPeft.Data.Features;

/// <summary>
/// Features that the user brings along: a safetensors file with one tensor (N, d) or (N, V, d) and an index file
/// <c>{"rows": {"image id": row, …}}</c>. The tensor is memory-mapped, and converted to float32 row by row as it is gathered.
/// </summary>
public sealed class PreExtractedFeatures : IFeatureStore, IDisposable
{
    private readonly Tensor features;                                   // (N, V, d)
    private readonly string source;
    private readonly Dictionary<long, int> rows;

    private PreExtractedFeatures(Tensor features, string source, Dictionary<long, int> rows) =>
        (this.features, this.source, this.rows) = (features, source, rows);

    /// <inheritdoc/>
    public long Tokens => features.shape[1];

    /// <inheritdoc/>
    public long Width => features.shape[2];

    /// <summary>The ids of all pictures in the index.</summary>
    public IReadOnlyCollection<long> ImageIds => rows.Keys;

    /// <summary>Opens features and their index.</summary>
    /// <param name="tensorFile">The safetensors file.</param>
    /// <param name="indexFile">The index file.</param>
    /// <param name="tensorName">The tensor's name; may be left out when the file holds one tensor.</param>
    /// <exception cref="InvalidInputException">
    /// A file is missing or damaged, the tensor isn't there or has another rank or no floating-point type, the index has no rows, or one
    /// outside the tensor.
    /// </exception>
    public static PreExtractedFeatures Open(string tensorFile, string indexFile, string? tensorName = null)
    {
        using SafetensorsFile file = SafetensorsFile.Open(tensorFile);
        (string name, SafetensorsEntry entry) = Find(file, tensorName);
        bool isPooled = entry.Shape.Count == 2;
        if (!isPooled && entry.Shape.Count != 3 || entry.Shape.Contains(0) || entry.Dtype is not (ScalarType.Float16 or ScalarType.BFloat16
            or ScalarType.Float32 or ScalarType.Float64))
        {
            throw new InvalidInputException($"The tensor '{name}' in '{tensorFile}' is {entry.Dtype} ({string.Join(", ", entry.Shape)}); " +
                "features are floating-point numbers (pictures, width) or (pictures, vectors, width).");
        }
        Dictionary<long, int> rows = ReadIndex(indexFile, entry.Shape[0], $"'{name}' in '{tensorFile}'");
        using var scope = NewDisposeScope();
        Tensor tensor = file.Read(name);
        Tensor features = isPooled ? tensor.unsqueeze(1) : tensor;
        return new PreExtractedFeatures(features.DetachFromDisposeScope(), tensorFile, rows);
    }

    /// <inheritdoc/>
    public int RowOf(long imageId) => rows.TryGetValue(imageId, out int row)
        ? row
        : throw new InvalidInputException($"'{source}' has no features of the picture {imageId}: its index lists {rows.Count} others.");

    /// <inheritdoc/>
    public Tensor Gather(ReadOnlySpan<int> rows)
    {
        long count = features.shape[0];
        foreach (int row in rows)
        {
            if ((uint)row >= count)
                throw new ArgumentOutOfRangeException(nameof(rows), $"Row {row} was asked of the {count} there are.");
        }
        using var scope = NewDisposeScope();
        Tensor index = tensor(rows.ToArray(), ScalarType.Int64);
        return features.index_select(0, index).to(ScalarType.Float32).MoveToOuterDisposeScope();
    }

    private static (string Name, SafetensorsEntry Entry) Find(SafetensorsFile file, string? name)
    {
        string there = string.Join(", ", file.Names.Order(StringComparer.Ordinal).Select(n => $"'{n}'"));
        if (name is null && file.Names.Count != 1)
            throw new InvalidInputException($"'{file.Description}' holds {file.Names.Count} tensors ({there}): name the one to use.");
        name ??= file.Names.Single();
        return file.Entries.TryGetValue(name, out SafetensorsEntry? entry)
            ? (name, entry)
            : throw new InvalidInputException($"There is no tensor '{name}' in '{file.Description}'; there are {there}.");
    }

    private static Dictionary<long, int> ReadIndex(string path, long count, string tensor)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(FileBytes.Read(path));
            var rows = new Dictionary<long, int>();
            foreach (JsonProperty entry in json.RootElement.GetProperty("rows").EnumerateObject())
            {
                if (!long.TryParse(entry.Name, out long id))
                    throw new InvalidInputException($"'{path}' gives '{entry.Name}' a row, which is no image id: expected a whole number.");
                if (!entry.Value.TryGetInt32(out int row) || row < 0 || row >= count)
                    throw new InvalidInputException($"'{path}' gives {id} the row {entry.Value}; {tensor} has rows 0 to {count - 1}.");
                if (!rows.TryAdd(id, row))
                    throw new InvalidInputException($"'{path}' gives the picture {id} two rows.");
            }
            return rows;
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidInputException($"'{path}' is no feature index: expected {{\"rows\": {{\"id\": row, …}}}}. {e.Message}", e);
        }
    }

    /// <summary>Gives up the mapping.</summary>
    public void Dispose() => features.Dispose();
}
