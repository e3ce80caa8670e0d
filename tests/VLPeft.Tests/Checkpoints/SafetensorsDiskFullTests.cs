using TorchSharp;
using VLPeft.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Checkpoints;

public sealed class SafetensorsDiskFullTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_full_device_surfaces()
    {
        using Tensor x = ones(1 << 20);
        using var full = new FileStream("/dev/full", FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0);
        Assert.Throws<IOException>(() => SafetensorsWriter.Write(full, [new("x", x)]));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(20)]
    [InlineData(100_000)]
    public void When_the_disk_fills_half_way_the_old_file_stays_and_no_rest_is_left(int room)
    {
        string path = folder.File("t.safetensors");
        using Tensor small = ones(3), large = ones(1 << 20);
        SafetensorsWriter.Write(path, [new("x", small)]);
        byte[] before = File.ReadAllBytes(path);
        // What Write(path, …) does, with a stream between that runs full.
        Assert.Throws<IOException>(() => AtomicFile.Write(path, file =>
            SafetensorsWriter.Write(new StreamWithRoom(file, room), [new("x", large), new("y", small)])));
        Assert.Equal(before, File.ReadAllBytes(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    private sealed class StreamWithRoom(Stream inner, int room) : Stream
    {
        private int left = room;

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            int count = Math.Min(left, buffer.Length);
            inner.Write(buffer[..count]);
            left -= count;
            if (count < buffer.Length)
                throw new IOException("No space left on device");
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Flush() => inner.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
