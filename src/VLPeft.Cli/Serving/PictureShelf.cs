using System.Collections.Concurrent;
using Microsoft.AspNetCore.Http;
using VLPeft.Preprocessing;

namespace VLPeft.Cli.Serving;

/// <summary>The pictures that can be asked about: samples, and the latest uploads, which lie in a folder that goes with the program.</summary>
internal sealed class PictureShelf : IDisposable
{
    public const int Uploads = 64;
    private const int NameLength = 100;

    private readonly Dictionary<string, ServedPicture> _samples;
    private readonly ConcurrentDictionary<string, ServedPicture> _uploads = [];
    private readonly ConcurrentQueue<string> _order = [];
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vlpeft-serve-");
    private readonly SemaphoreSlim _decoding = new(1, 1); // a decoded picture may take 300 MB
    private readonly long _maximumBytes;

    /// <param name="samples">Pictures that are always there.</param>
    /// <param name="maximumBytes">Of an upload.</param>
    public PictureShelf(IReadOnlyList<ServedPicture> samples, long maximumBytes)
    {
        (Samples, _maximumBytes) = (samples, maximumBytes);
        _samples = samples.ToDictionary(one => one.Id);
    }

    public IReadOnlyList<ServedPicture> Samples { get; }

    /// <exception cref="RefusedException">There is no such picture, or it was uploaded too long ago.</exception>
    /// <exception cref="InvalidInputException">No id was given.</exception>
    public ServedPicture Get(string? id) => id is null
        ? throw new InvalidInputException("expected a picture's id, got none; GET /api/pictures lists the samples.")
        : _samples.GetValueOrDefault(id) ?? _uploads.GetValueOrDefault(id)
        ?? throw new RefusedException(StatusCodes.Status404NotFound, $"there is no picture '{Shown(id)}'; the latest {Uploads} uploads are kept, GET /api/pictures lists the samples.");

    /// <summary>Takes a picture in, once it has been decoded as a whole.</summary>
    /// <param name="body">A PNG or JPEG file.</param>
    /// <param name="name">What its owner calls it; null for a plain name.</param>
    /// <param name="cancellation">The owner has left.</param>
    /// <exception cref="InvalidInputException">It is no such picture, or damaged, or too large.</exception>
    public async Task<(ServedPicture Picture, int Width, int Height)> Add(Stream body, string? name, CancellationToken cancellation)
    {
        string title = string.IsNullOrWhiteSpace(name) ? "upload" : Shown(name.Trim()), id = $"upload-{Guid.NewGuid():N}";
        string file = Path.Combine(_folder.FullName, id);
        try
        {
            await Save(body, file, cancellation);
            (int width, int height, string mediaType) = await Decode(file, title, cancellation);
            ServedPicture picture = new(id, title, file, mediaType);
            Keep(picture);
            return (picture, width, height);
        }
        catch
        {
            File.Delete(file);
            throw;
        }
    }

    public void Dispose()
    {
        _decoding.Dispose();
        _folder.Delete(recursive: true);
    }

    private async Task Save(Stream body, string path, CancellationToken cancellation)
    {
        await using FileStream file = new(path, FileMode.CreateNew);
        byte[] part = new byte[1 << 16];
        for (int read; (read = await body.ReadAsync(part, cancellation)) > 0;)
        {
            if (file.Length + read > _maximumBytes)
                throw RefusedException.TooLarge(_maximumBytes);
            await file.WriteAsync(part.AsMemory(0, read), cancellation);
        }
    }

    private async Task<(int Width, int Height, string MediaType)> Decode(string file, string title, CancellationToken cancellation)
    {
        await _decoding.WaitAsync(cancellation);
        try
        {
            byte[] bytes = await File.ReadAllBytesAsync(file, cancellation);
            RgbImage image = ImageDecoder.Decode(bytes, title);
            return (image.Width, image.Height, PictureFile.MediaTypeOf(bytes));
        }
        finally
        {
            _decoding.Release();
        }
    }

    private void Keep(ServedPicture picture)
    {
        _uploads[picture.Id] = picture;
        _order.Enqueue(picture.Id);
        while (_order.Count > Uploads && _order.TryDequeue(out string? oldest))
            if (_uploads.TryRemove(oldest, out ServedPicture? gone))
                File.Delete(gone.File);
    }

    private static string Shown(string name) => name.Length <= NameLength ? name : $"{name[..NameLength]}…";
}
