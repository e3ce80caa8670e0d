using System.IO.Hashing;

namespace VLPeft.Data.Features;

/// <summary>Reads files of the user; what goes wrong is told with the file's name.</summary>
internal static class FileBytes
{
    private const int Buffer = 1 << 18;

    public static byte[] Read(string path) => Guard(path, File.ReadAllBytes);

    public static void Append(string path, NonCryptographicHashAlgorithm hash) => Guard(path, file =>
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        byte[] buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(Buffer);
        for (int read; (read = stream.Read(buffer)) > 0;)
            hash.Append(buffer.AsSpan(0, read));
        System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        return true;
    });

    private static T Guard<T>(string path, Func<string, T> read)
    {
        try
        {
            return read(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new InvalidInputException($"The file '{path}' does not exist.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"The file '{path}' can't be read: {e.Message}", e);
        }
    }
}
