using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace VLPeft.Data.Features;

/// <summary>
/// The start of a cache's data file: magic, length of the header, length and hash of the JSON, a random id of this very file, then the kind
/// of feature as JSON (so that <c>head</c> shows what a cache is of), padded with zeros to a whole number of pages.
/// </summary>
internal sealed partial class CacheHeader(FeatureKind kind, UInt128 instance, int length)
{
    private const int Fixed = 40, Page = 4096, LongestHeader = 1 << 24;
    private static ReadOnlySpan<byte> Magic => "VLPfeat1"u8;

    public FeatureKind Kind { get; } = kind;

    /// <summary>Ties an index to its data: entries of another file's index don't pass.</summary>
    public UInt128 Instance { get; } = instance;

    /// <summary>Where the first row begins.</summary>
    public int Length { get; } = length;

    public static byte[] Write(FeatureKind kind)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(kind, Json.Default.FeatureKind);
        byte[] header = new byte[(Fixed + json.Length + Page - 1) / Page * Page];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), header.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), json.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(16), XxHash3.HashToUInt64(json));
        Guid.NewGuid().TryWriteBytes(header.AsSpan(24));
        json.CopyTo(header, Fixed);
        return header;
    }

    public static CacheHeader Read(Microsoft.Win32.SafeHandles.SafeFileHandle file, string path)
    {
        byte[] start = new byte[Fixed];
        if (RandomAccess.Read(file, start, 0) < Fixed || !start.AsSpan(0, 8).SequenceEqual(Magic))
            throw Damaged(path, "it does not begin as one");
        int length = BinaryPrimitives.ReadInt32LittleEndian(start.AsSpan(8));
        int jsonLength = BinaryPrimitives.ReadInt32LittleEndian(start.AsSpan(12));
        ulong jsonHash = BinaryPrimitives.ReadUInt64LittleEndian(start.AsSpan(16));
        if (length is < Page or > LongestHeader || jsonLength < 0 || jsonLength > length - Fixed)
            throw Damaged(path, "its header has an impossible length");
        byte[] json = new byte[jsonLength];
        if (RandomAccess.Read(file, json, Fixed) < jsonLength || XxHash3.HashToUInt64(json) != jsonHash)
            throw Damaged(path, "its header is damaged");
        try
        {
            FeatureKind kind = JsonSerializer.Deserialize(json, Json.Default.FeatureKind)!;
            return new CacheHeader(kind, BinaryPrimitives.ReadUInt128LittleEndian(start.AsSpan(24)), length);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw Damaged(path, $"its header can't be understood ({e.Message})");
        }
    }

    private static InvalidInputException Damaged(string path, string how) =>
        new($"'{path}' is not a feature cache of this version: {how}. Delete its folder to have the features computed again.");

    [JsonSourceGenerationOptions(UseStringEnumConverter = true, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
    [JsonSerializable(typeof(FeatureKind))]
    private sealed partial class Json : JsonSerializerContext;
}
