namespace VLPeft.Preprocessing;

/// <summary>
/// What an <see cref="ImageProcessor"/> does to a picture: resize, crop the centre, then (value · Rescale − Mean) / Std for each channel.
/// </summary>
public sealed record ImageProcessorSettings
{
    /// <summary>The largest side, in pixels, that a picture is resized or cropped to.</summary>
    public const int MaxSide = 8192;

    /// <summary>Mean and standard deviation 0.5: pictures in -1..1 (ViT, BEiT).</summary>
    public static PerChannel Half { get; } = PerChannel.All(0.5);

    /// <summary>Mean of ImageNet's channels, of values 0..1.</summary>
    public static PerChannel ImageNetMean { get; } = new(0.485, 0.456, 0.406);

    /// <summary>Standard deviation of ImageNet's channels, of values 0..1.</summary>
    public static PerChannel ImageNetStd { get; } = new(0.229, 0.224, 0.225);

    /// <summary>Mean of CLIP's training pictures, of values 0..1.</summary>
    public static PerChannel ClipMean { get; } = new(0.48145466, 0.4578275, 0.40821073);

    /// <summary>Standard deviation of CLIP's training pictures, of values 0..1.</summary>
    public static PerChannel ClipStd { get; } = new(0.26862954, 0.26130258, 0.27577711);

    /// <summary>The size that pictures are resized to.</summary>
    public required ResizeRule Resize { get; init; }

    /// <summary>How pixels are averaged. Default bilinear.</summary>
    public ResampleFilter Resample { get; init; } = ResampleFilter.Bilinear;

    /// <summary>The part around the centre that is kept, from row and column (size − crop) / 2 on, cut to whole; null keeps all.</summary>
    public ImageSize? CentreCrop { get; init; }

    /// <summary>What a value 0..255 is multiplied with, in double precision. Default 1/255.</summary>
    public double Rescale { get; init; } = 1.0 / 255;

    /// <summary>What is subtracted from the rescaled value. Default 0.5.</summary>
    public PerChannel Mean { get; init; } = Half;

    /// <summary>What the difference is divided by, not 0. Default 0.5.</summary>
    public PerChannel Std { get; init; } = Half;

    /// <summary>The size of every processed picture.</summary>
    public ImageSize Output => CentreCrop ?? Resize.Size;

    /// <summary>The settings of a kind of model as it is usually published.</summary>
    /// <param name="name">
    /// <c>vit</c> (bilinear, 0.5), <c>beit</c> (bicubic, 0.5), <c>deit</c> (bicubic to 8/7 of the size, centre, ImageNet mean and std) or
    /// <c>clip</c> (shortest side, bicubic, centre, CLIP mean and std).
    /// </param>
    /// <param name="size">Pixels a side of the processed picture.</param>
    /// <exception cref="InvalidInputException">The name is unknown or the size out of range.</exception>
    public static ImageProcessorSettings Known(string name, int size)
    {
        ImageProcessorSettings settings = name switch
        {
            "vit" => new() { Resize = ResizeRule.Exact(size, size) },
            "beit" => new() { Resize = ResizeRule.Exact(size, size), Resample = ResampleFilter.Bicubic },
            "deit" => Deit(size, (int)Math.Round(size * 256.0 / 224)),
            "clip" => new()
            {
                Resize = ResizeRule.ShortestSide(size),
                Resample = ResampleFilter.Bicubic,
                CentreCrop = new ImageSize(size, size),
                Mean = ClipMean,
                Std = ClipStd,
            },
            _ => throw new InvalidInputException($"Image processor '{name}' is unknown: expected vit, beit, deit or clip."),
        };
        settings.Validate($"image processor '{name}'");
        return settings;
    }

    /// <summary>The settings as one line of JSON that is the same for equal settings; part of the feature cache's key.</summary>
    public string ToJson() => ImageProcessorJson.Write(this);

    /// <summary>Reads what <see cref="ToJson"/> wrote; unknown and missing keys are errors.</summary>
    /// <param name="json">The JSON text.</param>
    /// <param name="source">What error messages call it, usually a file.</param>
    /// <exception cref="InvalidInputException">The text is no JSON, or a setting is missing, unknown or out of range.</exception>
    public static ImageProcessorSettings FromJson(string json, string source) => ImageProcessorJson.Read(json, source);

    /// <summary>Checks ranges.</summary>
    /// <param name="source">What error messages call the settings, usually a file.</param>
    /// <exception cref="InvalidInputException">A setting is out of range.</exception>
    public void Validate(string source)
    {
        Check(Resample is ResampleFilter.Bilinear or ResampleFilter.Bicubic, source, "resample", "bilinear (2) or bicubic (3)", Resample);
        CheckSize(Resize.Size, source, "size");
        if (CentreCrop is { } crop)
        {
            CheckSize(crop, source, "crop");
            Check(crop.Height <= Resize.Size.Height && crop.Width <= Resize.Size.Width, source, "crop",
                $"no more than the {Resize.Size.Height}×{Resize.Size.Width} pixels of the resized picture", $"{crop.Height}×{crop.Width}");
        }
        else
        {
            Check(Resize.Kind == ResizeKind.Exact, source, "crop",
                "a centre crop, without which a resized shortest side leaves pictures of different sizes", "none");
        }
        Check(double.IsFinite(Rescale) && Rescale != 0, source, "rescale", "a finite number other than 0", Rescale);
        for (int channel = 0; channel < 3; channel++)
        {
            Check(float.IsFinite((float)Mean[channel]), source, "mean", "finite numbers", Mean[channel]);
            Check(float.IsFinite((float)Std[channel]) && (float)Std[channel] != 0, source, "std", "finite numbers but 0", Std[channel]);
        }
    }

    private static ImageProcessorSettings Deit(int size, int resized) => new()
    {
        Resize = ResizeRule.Exact(resized, resized),
        Resample = ResampleFilter.Bicubic,
        CentreCrop = new ImageSize(size, size),
        Mean = ImageNetMean,
        Std = ImageNetStd,
    };

    private static void CheckSize(ImageSize size, string source, string setting) =>
        Check(size.Height is >= 1 and <= MaxSide && size.Width is >= 1 and <= MaxSide, source, setting,
            $"sides of 1 to {MaxSide} pixels", $"{size.Height}×{size.Width}");

    private static void Check(bool holds, string source, string setting, string expected, object got)
    {
        if (!holds)
            throw new InvalidInputException($"In {source}, {setting}: expected {expected}, got {got}.");
    }
}
