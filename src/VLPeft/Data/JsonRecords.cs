using System.Text.Json;

namespace VLPeft.Data;

/// <summary>
/// Reads one array (or object) of a JSON file record by record, so that a file of any size costs a buffer of a megabyte (or as much as its longest
/// value). Each record is handed over complete.
/// </summary>
internal sealed class JsonRecords
{
    private const int FirstBuffer = 1 << 20;
    private const int LargestBuffer = 1 << 30;

    private enum Place { Start, InRoot, InArray, End }

    private readonly string _path;
    private readonly string? _arrayName;
    private readonly string _kind;
    private readonly Handler _handle;
    private readonly bool _optional;
    private readonly bool _entries;
    private Place _place = Place.Start;
    private bool _found;
    private int _index;

    private JsonRecords(string path, string? arrayName, string kind, Handler handle, bool optional, bool entries = false) =>
        (_path, _arrayName, _kind, _handle, _optional, _entries) = (path, arrayName, kind, handle, optional, entries);

    /// <summary>Takes a record; the reader stands before its first token and ends with its last.</summary>
    public delegate void Handler(ref Utf8JsonReader record, JsonRecord where);

    /// <param name="path">The file.</param>
    /// <param name="arrayName">The root object's key that holds the array; null when the root is the array.</param>
    /// <param name="kind">What a record is, for messages: "question".</param>
    /// <param name="handle">Called for each record in order.</param>
    /// <param name="buffer">Bytes to start with.</param>
    /// <param name="optional">Whether the root object may lack the key.</param>
    /// <exception cref="InvalidInputException">No file, damaged JSON, or another shape.</exception>
    public static void ForEach(string path, string? arrayName, string kind, Handler handle, int buffer = FirstBuffer, bool optional = false) =>
        Run(path, buffer, new JsonRecords(path, arrayName, kind, handle, optional));

    /// <summary>The values of the root object, each with its key in <see cref="JsonRecord.Key"/>.</summary>
    /// <inheritdoc cref="ForEach"/>
    public static void ForEachEntry(string path, string kind, Handler handle, int buffer = FirstBuffer) =>
        Run(path, buffer, new JsonRecords(path, null, kind, handle, optional: false, entries: true));

    /// <summary>One record a line; empty lines are passed over.</summary>
    /// <exception cref="InvalidInputException">No file, damaged JSON, or another shape.</exception>
    public static void ForEachLine(string path, string kind, Handler handle)
    {
        int line = 0, index = 0;
        try
        {
            foreach (string text in File.ReadLines(path))
            {
                line++;
                if (string.IsNullOrWhiteSpace(text))
                    continue;
                byte[] json = System.Text.Encoding.UTF8.GetBytes(text);
                var whole = new Utf8JsonReader(json);
                while (whole.Read()) { } // damaged lines are found before the record is handed over
                var record = new Utf8JsonReader(json);
                handle(ref record, new JsonRecord(path, kind, index++));
            }
        }
        catch (JsonException e)
        {
            throw new InvalidInputException(
                $"{path}: expected one JSON object a line, which line {line} is not; is the file damaged or cut short? ({e.Message.Split(" LineNumber:")[0]})", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    /// <summary>Whether a file's first character, white space aside, opens an array.</summary>
    /// <exception cref="InvalidInputException">No file.</exception>
    public static bool BeginsWithArray(string path)
    {
        try
        {
            using StreamReader reader = File.OpenText(path);
            while (reader.Peek() is >= 0 and var next && char.IsWhiteSpace((char)next))
                reader.Read();
            return reader.Peek() == '[';
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    private static void Run(string path, int buffer, JsonRecords records)
    {
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0, FileOptions.SequentialScan);
            records.Read(stream, new byte[buffer]);
        }
        catch (JsonException e)
        {
            throw new InvalidInputException(
                $"{path}: expected valid JSON, which it is not at line {e.LineNumber + 1}, byte {e.BytePositionInLine} of that line; " +
                $"is the file damaged or cut short? ({e.Message.Split(" LineNumber:")[0]})", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, e);
        }
    }

    private static InvalidInputException Unreadable(string path, Exception e) =>
        new(File.Exists(path) ? $"{path}: can't be read: {e.Message}" : $"{path}: no such file.", e);

    private void Read(FileStream stream, byte[] buffer)
    {
        int length = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        bool last = length < buffer.Length;
        int used = buffer.AsSpan(0, length).StartsWith("\uFEFF"u8) ? 3 : 0;
        JsonReaderState state = default;
        while (true)
        {
            var reader = new Utf8JsonReader(buffer.AsSpan(used, length - used), last, state);
            ReadOnlySpan<byte> data = buffer.AsSpan(used, length - used);
            while (Step(ref reader, data)) { }
            if (last)
                break;
            used += (int)reader.BytesConsumed;
            state = reader.CurrentState;
            buffer.AsSpan(used, length - used).CopyTo(buffer);
            length -= used;
            used = 0;
            if (length == buffer.Length)
                Array.Resize(ref buffer, Larger(buffer.Length));
            length += stream.ReadAtLeast(buffer.AsSpan(length), buffer.Length - length, throwOnEndOfStream: false);
            last = length < buffer.Length;
        }
        if (!_found && !_optional)
            throw Shape("an object without that key");
    }

    private int Larger(int length) => length < LargestBuffer
        ? length * 2
        : throw new InvalidInputException($"{_path}: one value in it is larger than {LargestBuffer >> 30} GiB.");

    /// <summary>Takes one complete step, or leaves the reader where it was and asks for more data.</summary>
    private bool Step(ref Utf8JsonReader reader, ReadOnlySpan<byte> data)
    {
        Utf8JsonReader before = reader;
        if (reader.Read() && (_place switch
        {
            Place.Start => Start(ref reader),
            Place.InRoot when _entries => Entry(ref reader, data),
            Place.InRoot => Property(ref reader),
            Place.InArray => Record(ref reader, data),
            _ => true,
        }))
            return true;
        reader = before;
        return false;
    }

    private bool Start(ref Utf8JsonReader reader)
    {
        bool isArray = _arrayName is null && !_entries;
        if (reader.TokenType != (isArray ? JsonTokenType.StartArray : JsonTokenType.StartObject))
            throw Shape(JsonRecord.Describe(reader.TokenType));
        _found = isArray || _entries;
        _place = isArray ? Place.InArray : Place.InRoot;
        return true;
    }

    private bool Property(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.EndObject)
        {
            _place = Place.End;
            return true;
        }
        bool wanted = reader.ValueTextEquals(_arrayName);
        if (!reader.Read())
            return false;
        if (!wanted)
            return reader.TrySkip();
        if (reader.TokenType != JsonTokenType.StartArray || _found)
            throw Shape(_found ? "that key twice" : $"{JsonRecord.Describe(reader.TokenType)} under that key");
        _found = true;
        _place = Place.InArray;
        return true;
    }

    private bool Record(ref Utf8JsonReader reader, ReadOnlySpan<byte> data)
    {
        if (reader.TokenType == JsonTokenType.EndArray)
        {
            _place = _arrayName is null ? Place.End : Place.InRoot;
            return true;
        }
        return Value(ref reader, data, "");
    }

    private bool Entry(ref Utf8JsonReader reader, ReadOnlySpan<byte> data)
    {
        if (reader.TokenType == JsonTokenType.EndObject)
        {
            _place = Place.End;
            return true;
        }
        string key = reader.GetString()!;
        return reader.Read() && Value(ref reader, data, key);
    }

    private bool Value(ref Utf8JsonReader reader, ReadOnlySpan<byte> data, string key)
    {
        int start = (int)reader.TokenStartIndex;
        if (!reader.TrySkip())
            return false;
        var record = new Utf8JsonReader(data[start..(int)reader.BytesConsumed]);
        _handle(ref record, new JsonRecord(_path, _kind, _index++) { Key = key });
        return true;
    }

    private InvalidInputException Shape(string came)
    {
        string expected = _entries ? $"a JSON object of {_kind}s by their ids" : _arrayName is null
            ? $"a JSON array of {_kind}s"
            : $"a JSON object whose key \"{_arrayName}\" holds an array of {_kind}s";
        return new InvalidInputException($"{_path}: expected {expected}, came {came}.");
    }
}
