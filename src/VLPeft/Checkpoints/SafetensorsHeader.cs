using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Unicode;
using static TorchSharp.torch;

namespace VLPeft.Checkpoints;

/// <summary>
/// The header of a safetensors file, read strictly: an 8-byte little-endian length, that many bytes of JSON, then data that the
/// tensors cover without hole, overlap or rest. Stricter than the reference where that one is lax (duplicate keys).
/// </summary>
internal sealed class SafetensorsHeader
{
    public const int LengthBytes = 8;
    public const long MaxLength = 100_000_000;                          // the reference's limit

    public const string MetadataKey = "__metadata__";
    private const int MaxMessage = 400;
    private const int MaxDimensions = 64;                               // libtorch's limit in many operations

    private readonly string path;
    private readonly Dictionary<string, SafetensorsEntry> entries = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> metadata = new(StringComparer.Ordinal);
    private bool hasMetadata;

    private SafetensorsHeader(string path) => this.path = path;

    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => entries;

    public IReadOnlyDictionary<string, string> Metadata => metadata;

    /// <exception cref="InvalidInputException">The file is not what the format promises; the message says where.</exception>
    public static SafetensorsHeader Read(FileStream file, string path)
    {
        var header = new SafetensorsHeader(path);
        byte[] json = header.ReadJson(file);
        long dataStart = LengthBytes + json.LongLength;
        try
        {
            header.Parse(json, dataStart);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)  // the latter: a lone surrogate in a string
        {
            throw header.Bad($"its header is not valid JSON: {e.Message.TrimEnd('.')}", e);
        }
        header.CheckCoverage(dataStart, file.Length);
        return header;
    }

    private byte[] ReadJson(FileStream file)
    {
        if (file.Length < LengthBytes)
            throw Bad($"it has {file.Length} bytes, and the header's length alone takes {LengthBytes}");
        Span<byte> prefix = stackalloc byte[LengthBytes];
        file.ReadExactly(prefix);
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > MaxLength)
            throw Bad($"it announces a header of {length} bytes, and at most {MaxLength} are allowed (is it another kind of file?)");
        if (length > (ulong)(file.Length - LengthBytes))
            throw Bad($"it announces a header of {length} bytes, but only {file.Length - LengthBytes} follow (is it cut off?)");
        if (length == 0)
            throw Bad("its header is empty");
        byte[] json = new byte[length];
        file.ReadExactly(json);
        if (!Utf8.IsValid(json))
            throw Bad("its header is not UTF-8");
        if (json[0] != '{')
            throw Bad("its header is not a JSON object: it does not begin with '{'");
        return json;
    }

    private void Parse(ReadOnlySpan<byte> json, long dataStart)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            if (name == MetadataKey)
                ParseMetadata(ref reader);
            else if (!entries.TryAdd(name, ParseEntry(ref reader, name, dataStart)))
                throw Bad($"the tensor '{name}' is listed twice");
        }
        reader.Read();                                                  // anything but white space after the object throws
    }

    private void ParseMetadata(ref Utf8JsonReader reader)
    {
        if (hasMetadata)
            throw Bad($"'{MetadataKey}' is there twice");
        hasMetadata = true;
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Bad($"'{MetadataKey}' must be an object of strings, not {Describe(reader.TokenType)}");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            if (reader.TokenType != JsonTokenType.String)
                throw Bad($"the metadata value of '{key}' must be a string, not {Describe(reader.TokenType)}");
            if (!metadata.TryAdd(key, reader.GetString()!))
                throw Bad($"the metadata key '{key}' is there twice");
        }
    }

    private SafetensorsEntry ParseEntry(ref Utf8JsonReader reader, string name, long dataStart)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Bad($"the tensor '{name}' must be an object with dtype, shape and data_offsets, not {Describe(reader.TokenType)}");
        ScalarType? dtype = null;
        long[]? shape = null, offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string field = reader.GetString()!;
            reader.Read();
            switch (field)
            {
                case "dtype" when dtype is null: dtype = ParseDtype(ref reader, name); break;
                case "shape" when shape is null: shape = ParseSizes(ref reader, name, field, MaxDimensions); break;
                case "data_offsets" when offsets is null: offsets = ParseSizes(ref reader, name, field, 2); break;
                default: throw Bad($"the tensor '{name}' has the field '{field}', which is unknown or there twice");
            }
        }
        if (dtype is null || shape is null || offsets is null)
            throw Bad($"the tensor '{name}' has no {(dtype is null ? "dtype" : shape is null ? "shape" : "data_offsets")}");
        if (offsets is not [long begin, long end] || begin > end)
            throw Bad($"the data_offsets of '{name}' must be [begin, end] with begin ≤ end, not [{string.Join(", ", offsets)}]");
        long bytes = ByteCount(name, dtype.Value, shape);
        if (bytes != end - begin)
            throw Bad($"'{name}', {dtype} [{string.Join(", ", shape)}], takes {bytes} bytes, but its offsets span {end - begin}");
        if (begin > long.MaxValue - dataStart)
            throw Bad($"the tensor '{name}' begins past the end of the file");
        return new SafetensorsEntry(dtype.Value, Array.AsReadOnly(shape), dataStart + begin, bytes);
    }

    private ScalarType ParseDtype(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.String)
            throw Bad($"the dtype of '{name}' must be a string, not {Describe(reader.TokenType)}");
        string text = reader.GetString()!;
        if (SafetensorsDtype.TryParse(text, out ScalarType dtype))
            return dtype;
        throw Bad(SafetensorsDtype.IsUnreadable(text)
            ? $"the tensor '{name}' has the dtype {text}, which can't be read here: convert it to F32, F16 or BF16 first"
            : $"the tensor '{name}' has the unknown dtype '{text}'");
    }

    private long[] ParseSizes(ref Utf8JsonReader reader, string name, string field, int limit)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Bad($"the {field} of '{name}' must be an array of whole numbers, not {Describe(reader.TokenType)}");
        var sizes = new List<long>(4);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long size) || size < 0)
                throw Bad($"the {field} of '{name}' must be whole numbers from 0 up: item {sizes.Count} is not");
            if (sizes.Count == limit)
                throw Bad($"the {field} of '{name}' has more than {limit} items");
            sizes.Add(size);
        }
        return [.. sizes];
    }

    /// <summary>Sizes of 0 count as 1 in the overflow check, as in the strides that libtorch computes from them.</summary>
    private long ByteCount(string name, ScalarType dtype, long[] shape)
    {
        try
        {
            long product = SafetensorsDtype.SizeOf(dtype);
            foreach (long size in shape)
                product = checked(product * Math.Max(size, 1));
            return shape.Contains(0) ? 0 : product;
        }
        catch (OverflowException)
        {
            throw Bad($"the shape [{string.Join(", ", shape)}] of '{name}' is larger than 64 bits can count");
        }
    }

    private void CheckCoverage(long dataStart, long fileLength)
    {
        long position = dataStart;
        foreach ((string name, SafetensorsEntry entry) in entries.OrderBy(e => e.Value.Offset).ThenBy(e => e.Value.ByteCount))
        {
            if (entry.Offset != position)
                throw Bad($"the tensor '{name}' begins at data offset {entry.Offset - dataStart}, expected {position - dataStart}: "
                    + (entry.Offset > position ? "some bytes belong to no tensor" : "tensors overlap"));
            if (entry.ByteCount > fileLength - position)
                throw Bad($"the tensor '{name}' ends past the end of the file (is it cut off?)");
            position += entry.ByteCount;
        }
        if (position != fileLength)
            throw Bad($"{fileLength - position} bytes at its end belong to no tensor");
    }

    private static string Describe(JsonTokenType type) => type switch
    {
        JsonTokenType.StartObject => "an object",
        JsonTokenType.StartArray => "an array",
        JsonTokenType.String => "a string",
        JsonTokenType.Number => "a number",
        JsonTokenType.Null => "null",
        _ => "a truth value",
    };

    /// <summary>Names come from the file: they may be endless or steer the terminal.</summary>
    private static string Printable(string text)
    {
        string cut = text.Length <= MaxMessage ? text : text[..MaxMessage] + "…";
        return string.Concat(cut.Select(c => char.IsControl(c) ? '\uFFFD' : c));
    }

    private InvalidInputException Bad(string what, Exception? inner = null)
    {
        string message = $"'{path}' is not a good safetensors file: {Printable(what)}.";
        return inner is null ? new InvalidInputException(message) : new InvalidInputException(message, inner);
    }
}
