using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Checkpoints;

/// <summary>
/// Writes safetensors files as the reference does: tensors sorted by element type (wide ones first, so that all data are aligned), then
/// by name, metadata by key. The same tensors give the same bytes, whatever their order.
/// </summary>
public static class SafetensorsWriter
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Writes a file through <see cref="AtomicFile"/>: the old content stays until the new one is complete on disk.</summary>
    /// <param name="path">The file to make or replace.</param>
    /// <param name="tensors">Tensors of any device and layout; each is copied only when it is not a contiguous CPU tensor.</param>
    /// <param name="metadata">Free text entries of the header; Hugging Face's readers want <c>format</c> = <c>pt</c>.</param>
    /// <exception cref="ArgumentException">
    /// A name is there twice, reserved or not valid text, or a tensor has no data or an element type that the format lacks.
    /// </exception>
    /// <exception cref="IOException">The disk is full, or the file can't be written.</exception>
    public static void Write(
        string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        Item[] items = Sort(tensors);
        AtomicFile.Write(path, file => Write(file, items, metadata));
    }

    /// <summary>Writes to a stream, from its position on; the stream stays open and is not flushed.</summary>
    /// <inheritdoc cref="Write(string, IEnumerable{KeyValuePair{string, Tensor}}, IReadOnlyDictionary{string, string})"/>
    public static void Write(
        Stream stream, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null) =>
        Write(stream, Sort(tensors), metadata);

    private static void Write(Stream stream, Item[] items, IReadOnlyDictionary<string, string>? metadata)
    {
        stream.Write(Header(items, metadata));
        foreach (Item item in items)
            WriteData(stream, item.Tensor);
    }

    private static Item[] Sort(IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var items = new List<Item>();
        foreach ((string name, Tensor tensor) in tensors)
        {
            if (name == SafetensorsHeader.MetadataKey || !names.Add(name))
                throw new ArgumentException($"The tensor name '{name}' is reserved or there twice.", nameof(tensors));
            if (!SafetensorsDtype.IsKnown(tensor.dtype) || tensor.device_type == DeviceType.META || tensor.is_sparse)
                throw new ArgumentException($"The format can't hold '{name}' ({tensor.dtype} on {tensor.device}).", nameof(tensors));
            items.Add(new Item(name, StrictUtf8.GetBytes(name), tensor));
        }
        items.Sort(Compare);
        return [.. items];
    }

    private static int Compare(Item a, Item b)
    {
        int byType = SafetensorsDtype.Rank(b.Tensor.dtype).CompareTo(SafetensorsDtype.Rank(a.Tensor.dtype));
        return byType != 0 ? byType : a.Utf8.AsSpan().SequenceCompareTo(b.Utf8);
    }

    private static byte[] Header(Item[] items, IReadOnlyDictionary<string, string>? metadata)
    {
        var buffer = new MemoryStream();
        buffer.Write(stackalloc byte[SafetensorsHeader.LengthBytes]);
        // Letters beyond ASCII as they are, like the reference.
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
                WriteMetadata(json, metadata);
            long position = 0;
            foreach (Item item in items)
                position = WriteEntry(json, item, position);
            json.WriteEndObject();
        }
        while (buffer.Length % 8 != 0)
            buffer.WriteByte((byte)' ');
        byte[] header = buffer.ToArray();
        if (header.Length - SafetensorsHeader.LengthBytes > SafetensorsHeader.MaxLength)
            throw new ArgumentException($"The header of {items.Length} tensors is longer than {SafetensorsHeader.MaxLength} bytes.");
        BinaryPrimitives.WriteInt64LittleEndian(header, header.LongLength - SafetensorsHeader.LengthBytes);
        return header;
    }

    private static void WriteMetadata(Utf8JsonWriter json, IReadOnlyDictionary<string, string> metadata)
    {
        json.WriteStartObject(SafetensorsHeader.MetadataKey);
        foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            json.WriteString(key, value);
        json.WriteEndObject();
    }

    private static long WriteEntry(Utf8JsonWriter json, Item item, long begin)
    {
        long end = begin + item.Tensor.NumberOfElements * SafetensorsDtype.SizeOf(item.Tensor.dtype);
        json.WriteStartObject(item.Utf8);
        json.WriteString("dtype", SafetensorsDtype.NameOf(item.Tensor.dtype));
        json.WriteStartArray("shape");
        foreach (long size in item.Tensor.shape)
            json.WriteNumberValue(size);
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(begin);
        json.WriteNumberValue(end);
        json.WriteEndArray();
        json.WriteEndObject();
        return end;
    }

    private static void WriteData(Stream stream, Tensor tensor)
    {
        using var scope = NewDisposeScope();
        TensorBytes.ForEachChunk(tensor.detach().cpu().contiguous(), chunk => stream.Write(chunk));
    }

    private sealed record Item(string Name, byte[] Utf8, Tensor Tensor);
}
