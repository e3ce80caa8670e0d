using VLPeft.Data.Features;
using Xunit;

namespace VLPeft.Tests.Data.Features;

public sealed class FileHashIndexTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    private FileHashIndex Open() => FileHashIndex.Open(folder.File("hashes.tsv"), settling: TimeSpan.Zero);

    [Fact]
    public void A_key_is_that_of_the_bytes()
    {
        string a = folder.Write("a.jpg", [1, 2, 3]), b = folder.Write("b.jpg", [1, 2, 3]), c = folder.Write("c.jpg", [1, 2, 4]);
        FileHashIndex index = Open();
        Assert.Equal(ImageKey.OfBytes([1, 2, 3]), index.KeyOf(a));
        Assert.Equal(index.KeyOf(a), index.KeyOf(b));
        Assert.NotEqual(index.KeyOf(a), index.KeyOf(c));
        Assert.Equal("06b05ab6733a618578af5f94892f3950", ImageKey.OfBytes("abc"u8).ToString()); // XXH3_128bits("abc"), reference library
    }

    [Fact]
    public void A_large_file_is_hashed_in_pieces_to_the_same_key()
    {
        byte[] bytes = new byte[1_000_003];
        new Random(1).NextBytes(bytes);
        Assert.Equal(ImageKey.OfBytes(bytes), ImageKey.OfFile(folder.Write("large", bytes)));
    }

    [Fact]
    public void Known_files_are_not_read_again_even_by_a_later_run()
    {
        string path = folder.Write("a b\tc.jpg", [1, 2, 3]);
        FileHashIndex first = Open();
        ImageKey key = first.KeyOf(path);
        first.Save();
        FileHashIndex second = Open();
        Assert.Equal(1, second.Count);
        Assert.True(second.TryGet(path, out ImageKey again));
        Assert.Equal(key, again);
        Assert.True(second.TryGet(Path.GetRelativePath(Environment.CurrentDirectory, path), out _));
    }

    [Fact]
    public void Changed_content_is_noticed()
    {
        string path = folder.Write("a.jpg", [1, 2, 3]);
        FileHashIndex index = Open();
        index.KeyOf(path);
        folder.Write("a.jpg", [1, 2, 3, 4]);
        Assert.False(index.TryGet(path, out _));
        Assert.Equal(ImageKey.OfBytes([1, 2, 3, 4]), index.KeyOf(path));
    }

    [Fact]
    public void Same_size_and_modification_time_do_not_deceive()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The change time is read on Linux only.");
        string path = folder.Write("a.jpg", [1, 2, 3]);
        DateTime modified = File.GetLastWriteTimeUtc(path);
        FileHashIndex index = Open();
        index.KeyOf(path);
        Thread.Sleep(20);                                               // more than the clock tick of the file system
        folder.Write("a.jpg", [1, 2, 9]);
        File.SetLastWriteTimeUtc(path, modified);
        Assert.Equal(ImageKey.OfBytes([1, 2, 9]), index.KeyOf(path));

        string other = folder.Write("b.jpg", [7, 7, 7]);
        File.SetLastWriteTimeUtc(other, modified);
        index.KeyOf(path);
        File.Move(other, path, overwrite: true);
        Assert.Equal(ImageKey.OfBytes([7, 7, 7]), index.KeyOf(path));
    }

    [Fact]
    public void A_file_just_written_is_not_remembered()
    {
        string path = folder.Write("a.jpg", [1]);
        FileHashIndex index = FileHashIndex.Open(folder.File("hashes.tsv"));
        index.KeyOf(path);
        Assert.Equal(0, index.Count);
    }

    [Fact]
    public void What_two_processes_learn_is_united()
    {
        string a = folder.Write("a.jpg", [1]), b = folder.Write("b.jpg", [2]);
        FileHashIndex first = Open(), second = Open();
        first.KeyOf(a);
        second.KeyOf(b);
        first.Save();
        second.Save();
        FileHashIndex both = Open();
        Assert.True(both.TryGet(a, out _) && both.TryGet(b, out _));
    }

    [Fact]
    public void Damaged_lines_are_hashed_again()
    {
        string path = folder.Write("a.jpg", [1]);
        FileHashIndex index = Open();
        index.KeyOf(path);
        index.Save();
        string text = File.ReadAllText(folder.File("hashes.tsv"));
        foreach (string broken in new[] { "", "another format\n", text[..^(text.Length / 2)], text.Replace('\t', ' '), text + "x\ty\n" })
        {
            File.WriteAllText(folder.File("hashes.tsv"), broken);
            Assert.Equal(ImageKey.OfBytes([1]), Open().KeyOf(path));
        }
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        string path = folder.File("none.jpg");
        Assert.Contains(path, Assert.Throws<InvalidInputException>(() => Open().KeyOf(path)).Message);
        string gone = folder.Write("gone.jpg", [1]);
        FileHashIndex index = Open();
        index.KeyOf(gone);
        File.Delete(gone);
        Assert.Contains(gone, Assert.Throws<InvalidInputException>(() => index.KeyOf(gone)).Message);
        Assert.Contains(folder.Path, Assert.Throws<InvalidInputException>(() => index.KeyOf(folder.Path)).Message);
    }
}
