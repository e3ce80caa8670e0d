using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace VLPeft.Data;

/// <summary>Numbers for pictures that data sets call by name ("n161313", "dev-850-0-img1"), so that all pictures go by a number.</summary>
public static class PictureNames
{
    private static readonly string[] Extensions = [".jpg", ".jpeg", ".png"];

    /// <summary>
    /// The number of a name, a file's extension left out: the one that it says (<c>42</c>, <c>000000000042</c>,
    /// <c>COCO_val2014_000000000042</c>), otherwise a negative one made of its characters. Two names get the same by chance once in 10¹⁸ pairs;
    /// who looks pictures up by these numbers must notice it.
    /// </summary>
    /// <param name="name">Not empty.</param>
    public static long IdOf(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        string stem = StemOf(name);
        return FolderImageSource.IdOf(stem + ".png")
            ?? (long)(XxHash3.HashToUInt64(MemoryMarshal.AsBytes(stem.AsSpan())) | 1UL << 63);
    }

    /// <summary>The name without folders and without a picture's extension.</summary>
    internal static string StemOf(string name)
    {
        string file = Path.GetFileName(name), extension = Path.GetExtension(file);
        return Extensions.Contains(extension, StringComparer.OrdinalIgnoreCase) ? file[..^extension.Length] : file;
    }
}
