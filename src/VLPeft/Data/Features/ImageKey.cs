using System.IO.Hashing;

namespace VLPeft.Data.Features;

/// <summary>
/// Names a picture by the bytes of its file (XxHash128), so that a changed picture is another picture and copies are one. The hash guards
/// against accidents, not against someone who crafts two pictures of one hash: whoever may write the pictures is trusted.
/// </summary>
/// <param name="Hash">The 128-bit hash of the file's bytes.</param>
public readonly record struct ImageKey(UInt128 Hash)
{
    /// <summary>The key of a file's content already in memory.</summary>
    public static ImageKey OfBytes(ReadOnlySpan<byte> file) => new(XxHash128.HashToUInt128(file));

    /// <summary>The key of a file.</summary>
    /// <exception cref="InvalidInputException">The file is missing or can't be read.</exception>
    public static ImageKey OfFile(string path)
    {
        var hash = new XxHash128();
        FileBytes.Append(path, hash);
        return new ImageKey(hash.GetCurrentHashAsUInt128());
    }

    /// <summary>32 hexadecimal digits.</summary>
    public override string ToString() => Hash.ToString("x32");
}
