using VLPeft.Data;

namespace VLPeft.Cli.Commands;

/// <summary>A picture to caption: a file, or an id in the run's feature file.</summary>
/// <param name="Id">Its id in the results: COCO's where the file's name has one, otherwise the name.</param>
/// <param name="File">The file; null for one of the feature file.</param>
/// <param name="FeatureId">Its id in the feature file; null for a file.</param>
internal sealed record Picture(string Id, string? File, long? FeatureId);

/// <summary>The pictures that a command line names.</summary>
internal static class CaptionPictures
{
    private static readonly string[] Endings = [".jpg", ".jpeg", ".png"];

    /// <exception cref="InvalidInputException">
    /// None, both kinds, a file or folder that is not there, an empty folder, an id that comes twice.
    /// </exception>
    public static IReadOnlyList<Picture> Of(string[] images, long[] featureIds)
    {
        if (images.Length == 0 == (featureIds.Length == 0))
            throw new InvalidInputException($"--image and --image-id: expected one of the two, got {(images.Length == 0 ? "neither" : "both")}.");
        Picture[] pictures = images.Length == 0
            ? [.. featureIds.Select(id => new Picture($"{id}", null, id))]
            : [.. images.SelectMany(Files).Select(file => new Picture(IdOf(file), file, null))];
        if (pictures.GroupBy(picture => picture.Id).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            string which = string.Join(", ", twice.Select(picture => picture.File ?? picture.Id));
            throw new InvalidInputException($"--image: expected each picture once, but '{twice.Key}' is the id of {twice.Count()}: {which}.");
        }
        return pictures;
    }

    private static IReadOnlyList<string> Files(string path)
    {
        if (!Directory.Exists(path))
            return File.Exists(path) ? [path] : throw new InvalidInputException($"--image {path}: there is no such file or folder.");
        string[] files = [.. Directory.EnumerateFiles(path).Where(IsPicture).Order(StringComparer.Ordinal)];
        return files.Length > 0 ? files : throw new InvalidInputException($"--image {path}: expected a folder with .jpg, .jpeg or .png files, found none.");
    }

    private static bool IsPicture(string file) => Endings.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase);

    private static string IdOf(string file) => FolderImageSource.IdOf(Path.GetFileName(file)) is { } id ? $"{id}" : Path.GetFileName(file);
}
