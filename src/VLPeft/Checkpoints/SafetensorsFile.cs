using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;
using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Checkpoints;

/// <summary>
/// A safetensors file, memory-mapped: opening reads the header only, and a tensor stands on the mapping without a copy, so that pages
/// are loaded when they are first used. The mapping is private: writing to a tensor changes neither the file nor other processes, but
/// two tensors read under one name share their data. It lasts as long as any tensor on it, also after <see cref="Dispose"/>.
/// </summary>
/// <remarks>
/// The file may be renamed, deleted or replaced by another (<see cref="AtomicFile"/>) meanwhile, but must not be shortened in place:
/// the operating system ends a process that reads mapped bytes which are gone.
/// </remarks>
public sealed class SafetensorsFile : ITensorSource, IDisposable
{
    private readonly SafetensorsHeader header;
    private readonly SafeMemoryMappedViewHandle view;

    private SafetensorsFile(string path, SafetensorsHeader header, SafeMemoryMappedViewHandle view)
    {
        Description = path;
        this.header = header;
        this.view = view;
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <summary>The free text entries of the header, e.g. <c>format</c> = <c>pt</c>.</summary>
    public IReadOnlyDictionary<string, string> Metadata => header.Metadata;

    /// <summary>All tensors by name, in the order of the header.</summary>
    public IReadOnlyDictionary<string, SafetensorsEntry> Entries => header.Entries;

    /// <inheritdoc/>
    public IReadOnlyCollection<string> Names => (IReadOnlyCollection<string>)Entries.Keys;

    /// <summary>Opens a file and checks its header against the format, strictly.</summary>
    /// <exception cref="InvalidInputException">
    /// The file is missing or can't be read, or breaks the format: the message says how. Element types that TorchSharp lacks
    /// (float8, unsigned 16 to 64 bits) are refused as well.
    /// </exception>
    public static SafetensorsFile Open(string path)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0);
            SafetensorsHeader header = SafetensorsHeader.Read(file, path);
            using var mapping = MemoryMappedFile.CreateFromFile(
                file, null, 0, MemoryMappedFileAccess.CopyOnWrite, HandleInheritability.None, leaveOpen: true);
            // Only the view is kept: it outlives the two file objects, and its handle counts the tensors that stand on it.
            var view = mapping.CreateViewAccessor(0, 0, MemoryMappedFileAccess.CopyOnWrite).SafeMemoryMappedViewHandle;
            return new SafetensorsFile(path, header, view);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"The safetensors file '{path}' can't be opened: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public SafetensorsEntry Entry(string name) => Entries.TryGetValue(name, out SafetensorsEntry? entry)
        ? entry
        : throw new ArgumentException($"There is no tensor '{name}' in '{Description}'.", nameof(name));

    /// <summary>
    /// The tensor over the mapping, without a copy; a copy only where the data is empty or not aligned to its element type.
    /// </summary>
    /// <exception cref="ArgumentException">There is no tensor of that name.</exception>
    /// <exception cref="ObjectDisposedException">The file has been disposed.</exception>
    public unsafe Tensor Read(string name)
    {
        SafetensorsEntry entry = Entry(name);
        if (entry.ByteCount == 0)
            return empty([.. entry.Shape], entry.Dtype, CPU);
        byte* start = null;
        view.AcquirePointer(ref start);
        try
        {
            byte* data = start + entry.Offset;
            return (nint)data % SafetensorsDtype.AlignmentOf(entry.Dtype) == 0
                ? MappedTensors.Create(view, data, entry.Dtype, entry.Shape)
                : Copy(data, entry);
        }
        finally
        {
            view.ReleasePointer();
        }
    }

    private static unsafe Tensor Copy(byte* data, SafetensorsEntry entry)
    {
        Tensor copy = empty([.. entry.Shape], entry.Dtype, CPU);
        TensorBytes.ForEachChunk(copy, chunk =>
        {
            new ReadOnlySpan<byte>(data, chunk.Length).CopyTo(chunk);
            data += chunk.Length;
        });
        return copy;
    }

    /// <summary>Gives up the mapping; tensors that stand on it keep it until they are disposed themselves.</summary>
    public void Dispose() => view.Dispose();
}
