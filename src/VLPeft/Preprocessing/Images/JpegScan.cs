using System.Buffers;

namespace VLPeft.Preprocessing;

/// <summary>
/// The entropy-coded bytes of a scan without their stuffing (a zero after each 0xFF), cut at restart markers, so that bits can be read
/// eight bytes at a time.
/// </summary>
internal sealed class JpegScan : IDisposable
{
    // A block takes at most 64 · 32 bits, and the reader looks 8 bytes ahead.
    private const int Slack = 512;

    private readonly byte[] _bytes;

    /// <summary>Reads what follows a scan's header.</summary>
    public JpegScan(ReadOnlySpan<byte> data, bool single)
    {
        _bytes = ArrayPool<byte>.Shared.Rent(data.Length + Slack);
        int length = 0, start = 0;
        while (true)
        {
            int marker = data.IndexOf((byte)0xFF);
            if (marker < 0 || marker + 1 >= data.Length)
                return;
            byte next = data[marker + 1];
            int take = next == 0 ? marker + 1 : marker;
            data[..take].CopyTo(_bytes.AsSpan(length));
            length += take;
            data = data[(marker + 2)..];
            if (next == 0)
                continue;
            Segments.Add((start, length));
            start = length;
            if (next == 0xD9)
                break;
            // Restart markers count from 0 to 7 and round again.
            if (single || next != 0xD0 + (Segments.Count - 1) % 8)
                return;
        }
        _bytes.AsSpan(length, Slack).Clear();
        IsWhole = true;
    }

    /// <summary>Whether the scan ended with the end mark, with nothing irregular before it.</summary>
    public bool IsWhole { get; }

    /// <summary>The bytes, with at least 512 more after the last segment.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Start and end of the pieces between restart markers.</summary>
    public List<(int Start, int End)> Segments { get; } = [];

    public void Dispose() => ArrayPool<byte>.Shared.Return(_bytes);
}
