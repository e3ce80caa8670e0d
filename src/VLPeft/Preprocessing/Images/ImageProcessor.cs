using System.Buffers;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft.Preprocessing;

/// <summary>
/// Pictures to a vision encoder's input, bit for bit as Hugging Face's image processors do it with Pillow: resize, crop, rescale,
/// normalise, channels first.
/// </summary>
/// <remarks>Immutable and thread-safe.</remarks>
public sealed class ImageProcessor
{
    /// <summary>The file that Hugging Face keeps a processor's settings in.</summary>
    public const string FileName = HuggingFaceImageProcessor.FileName;

    // The value of each channel's 256 possible bytes.
    private readonly float[] _red, _green, _blue;

    /// <summary>A processor with the given settings.</summary>
    /// <exception cref="InvalidInputException">A setting is out of range.</exception>
    public ImageProcessor(ImageProcessorSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        settings.Validate("image processor settings");
        Settings = settings;
        Fingerprint = settings.ToJson();
        _red = Values(0);
        _green = Values(1);
        _blue = Values(2);
    }

    /// <summary>What is done to a picture.</summary>
    public ImageProcessorSettings Settings { get; }

    /// <summary>The settings as one line of JSON, the same for equal settings; part of the feature cache's key.</summary>
    public string Fingerprint { get; }

    /// <summary>Rows of a processed picture.</summary>
    public int Height => Settings.Output.Height;

    /// <summary>Pixels in a row of a processed picture.</summary>
    public int Width => Settings.Output.Width;

    /// <summary>Values of a processed picture: 3 · Height · Width.</summary>
    public int ValueCount => 3 * Height * Width;

    /// <summary>
    /// The processor of a model folder that Hugging Face wrote: its <c>preprocessor_config.json</c>; without that file, what an
    /// EfficientNet-Lite's <c>config.json</c> says.
    /// </summary>
    /// <param name="folder">The model's folder.</param>
    /// <exception cref="InvalidInputException">
    /// The file is missing, is no JSON, belongs to a processor other than ViT's, BEiT's, DeiT's and CLIP's, or asks for something that
    /// is not supported.
    /// </exception>
    public static ImageProcessor FromFolder(string folder) => new(HuggingFaceImageProcessor.ReadFolder(folder));

    /// <summary>The processor of a kind of model as it is usually published, see <see cref="ImageProcessorSettings.Known"/>.</summary>
    /// <exception cref="InvalidInputException">The name is unknown or the size out of range.</exception>
    public static ImageProcessor Known(string name, int size) => new(ImageProcessorSettings.Known(name, size));

    /// <summary>The resized and cropped picture, before it becomes numbers.</summary>
    public RgbImage Resize(RgbImage image)
    {
        byte[] pixels = GC.AllocateUninitializedArray<byte>(ValueCount);
        Resize(image, pixels);
        return new RgbImage(Width, Height, pixels);
    }

    /// <summary>Processes a picture into memory of the caller's; takes no other memory than pooled scratch.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="chw">Receives <see cref="ValueCount"/> values: (3, Height, Width).</param>
    public void Process(RgbImage image, Span<float> chw)
    {
        if (chw.Length != ValueCount)
            throw new ArgumentException($"a picture of 3×{Height}×{Width} values needs {ValueCount} places, got {chw.Length}", nameof(chw));
        byte[] scratch = ArrayPool<byte>.Shared.Rent(ValueCount);
        try
        {
            Span<byte> rgb = scratch.AsSpan(0, ValueCount);
            Resize(image, rgb);
            Normalise(rgb, chw);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scratch);
        }
    }

    /// <summary>Processes a picture into a new array: (3, Height, Width).</summary>
    public float[] Process(RgbImage image)
    {
        float[] chw = GC.AllocateUninitializedArray<float>(ValueCount);
        Process(image, chw);
        return chw;
    }

    /// <summary>Processes pictures into one tensor, one after the other on the calling thread.</summary>
    /// <param name="images">B pictures, at least one.</param>
    /// <returns>(B, 3, Height, Width), float32, on the CPU.</returns>
    public Tensor ProcessBatch(IReadOnlyList<RgbImage> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfZero(images.Count, nameof(images));
        Tensor batch = torch.empty([images.Count, 3, Height, Width], dtype: ScalarType.Float32);
        try
        {
            for (int i = 0; i < images.Count; i++)
            {
                // One picture's bytes at a time: a span can't hold a batch of more than 2 GiB.
                using Tensor one = batch[i];
                Process(images[i], MemoryMarshal.Cast<byte, float>(one.bytes));
            }
            return batch;
        }
        catch
        {
            batch.Dispose();
            throw;
        }
    }

    private void Resize(RgbImage image, Span<byte> rgb)
    {
        ArgumentNullException.ThrowIfNull(image);
        ImageSize resized = Settings.Resize.Of(image.Height, image.Width);
        var window = new PixelWindow((resized.Width - Width) / 2, (resized.Height - Height) / 2, Width, Height);
        PillowResize.ResizeWindow(image, resized.Width, resized.Height, Settings.Resample, window, rgb);
    }

    private void Normalise(ReadOnlySpan<byte> rgb, Span<float> chw)
    {
        int plane = Height * Width;
        Span<float> red = chw[..plane], green = chw.Slice(plane, plane), blue = chw.Slice(2 * plane, plane);
        for (int i = 0, at = 0; i < plane; i++, at += 3)
        {
            red[i] = _red[rgb[at]];
            green[i] = _green[rgb[at + 1]];
            blue[i] = _blue[rgb[at + 2]];
        }
    }

    // NumPy's order: the product in double precision, rounded to float32, the rest in float32.
    private float[] Values(int channel)
    {
        float mean = (float)Settings.Mean[channel], std = (float)Settings.Std[channel];
        float[] values = new float[256];
        for (int value = 0; value < values.Length; value++)
            values[value] = ((float)(value * Settings.Rescale) - mean) / std;
        return values;
    }
}
