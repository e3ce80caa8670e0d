using System.Text.Json;

namespace VLPeft.Preprocessing;

/// <summary>
/// Reads <c>preprocessor_config.json</c> as Hugging Face's image processors and the older feature extractors write it. Keys that are
/// missing or null take the class's default (transformers 5; its BEiT default has no crop, unlike 4.29's).
/// </summary>
internal static class HuggingFaceImageProcessor
{
    public const string FileName = "preprocessor_config.json";

    private static readonly string[] Suffixes = ["ImageProcessor", "ImageProcessorFast", "ImageProcessorPil", "FeatureExtractor"];

    // What changes the values is read; what does not is let through. Anything else must be null or false.
    private static readonly HashSet<string> Read =
    [
        "do_resize", "size", "resample", "do_center_crop", "crop_size", "do_rescale", "rescale_factor", "do_normalize",
        "image_mean", "image_std",
    ];

    private static readonly HashSet<string> Harmless =
    [
        "image_processor_type", "feature_extractor_type", "processor_class", "_processor_class", "_valid_processor_keys", "auto_map",
        "transformers_version", "do_convert_rgb", "do_reduce_labels", "reduce_labels", "data_format", "input_data_format", "return_tensors",
        "device", "disable_grouping", "default_to_square", "image_seq_length",
    ];

    public static ImageProcessorSettings ReadFolder(string folder)
    {
        string path = Path.Combine(folder, FileName);
        using JsonDocument? document = ReadJson(path);
        if (document is null)
            return ReadModel(folder);
        var fields = new JsonFields(document.RootElement, path);
        return Parse(document.RootElement, path, ClassOf(fields, folder, path));
    }

    // Not every model keeps its preprocessing in a file of its own.
    private static ImageProcessorSettings ReadModel(string folder)
    {
        string path = Path.Combine(folder, "config.json");
        using JsonDocument? model = ReadJson(path);
        return (model is null ? null : EfficientNetImageProcessor.Read(model.RootElement, path))
            ?? throw new InvalidInputException($"Model folder '{folder}' has no {FileName}: expected the file that Hugging Face keeps "
                + "an image processor's settings in.");
    }

    /// <summary>Reads settings of a named class: ViT, Beit, DeiT or CLIP.</summary>
    public static ImageProcessorSettings Parse(JsonElement json, string source, string className)
    {
        var fields = new JsonFields(json, source);
        RefuseUnknown(json, fields);
        ImageProcessorSettings defaults = Defaults(className);
        var settings = new ImageProcessorSettings
        {
            Resize = Resize(fields, defaults),
            Resample = Resample(fields, defaults),
            CentreCrop = Crop(fields, defaults),
            Rescale = Rescale(fields, defaults),
        };
        settings = fields.Bool("do_normalize", true)
            ? settings with
            {
                Mean = fields.Has("image_mean") ? fields.RequireChannels("image_mean") : defaults.Mean,
                Std = fields.Has("image_std") ? fields.RequireChannels("image_std") : defaults.Std,
            }
            : settings with { Mean = PerChannel.All(0), Std = PerChannel.All(1) };
        settings.Validate($"'{source}'");
        return settings;
    }

    private static ImageProcessorSettings Defaults(string className) => className switch
    {
        "ViT" => ImageProcessorSettings.Known("vit", 224),
        "Beit" => ImageProcessorSettings.Known("beit", 224),
        // Published DeiT models carry ImageNet's mean and std in their file; the class itself has 0.5.
        "DeiT" => ImageProcessorSettings.Known("deit", 224) with { Mean = ImageProcessorSettings.Half, Std = ImageProcessorSettings.Half },
        "CLIP" => ImageProcessorSettings.Known("clip", 224),
        _ => throw new ArgumentException($"no image processor class {className}", nameof(className)),
    };

    private static string ClassOf(JsonFields fields, string folder, string path)
    {
        const string expected = "an image processor of ViT, Beit, DeiT or CLIP";
        string key = fields.Has("image_processor_type") ? "image_processor_type" : "feature_extractor_type";
        string? type = fields.Text(key);
        if (type is not null)
        {
            foreach (string name in (string[])["ViT", "Beit", "DeiT", "CLIP"])
            {
                if (type.StartsWith(name, StringComparison.Ordinal) && Suffixes.Contains(type[name.Length..]))
                    return name;
            }
            throw fields.Bad(key, expected, $"\"{type}\"");
        }

        // Like Hugging Face: without a type, the model's own configuration says which it is.
        string modelPath = Path.Combine(folder, "config.json");
        using JsonDocument? model = ReadJson(modelPath);
        string? modelType = model is null ? null : new JsonFields(model.RootElement, modelPath).Text("model_type");
        return modelType switch
        {
            "vit" => "ViT",
            "beit" => "Beit",
            "deit" => "DeiT",
            "clip" or "clip_vision_model" => "CLIP",
            _ => throw new InvalidInputException($"'{path}' does not say which image processor it belongs to: expected {expected} in "
                + "the key 'image_processor_type', got nothing there and "
                + $"{(modelType is null ? "no model type" : $"model type \"{modelType}\"")} in config.json."),
        };
    }

    private static void RefuseUnknown(JsonElement json, JsonFields fields)
    {
        foreach (JsonProperty property in json.EnumerateObject())
        {
            if (Read.Contains(property.Name) || Harmless.Contains(property.Name)
                || property.Value.ValueKind is JsonValueKind.Null or JsonValueKind.False)
            {
                continue;
            }
            string got = property.Value.GetRawText();
            throw fields.Bad(property.Name, "only options that are supported, since others may change the pixels", got);
        }
        if (!fields.Bool("do_resize", true))
            throw fields.Bad("do_resize", "true, since pictures of different sizes can't form a batch", "false");
    }

    private static ResizeRule Resize(JsonFields fields, ImageProcessorSettings defaults)
    {
        if (!fields.Has("size"))
            return defaults.Resize;
        JsonElement size = fields.Get("size");
        // A lone number means the shortest side for those classes whose default is that.
        if (size.ValueKind == JsonValueKind.Number && defaults.Resize.Kind == ResizeKind.ShortestSide)
            return ResizeRule.ShortestSide(fields.RequireInt("size"));
        if (size.ValueKind == JsonValueKind.Object && size.TryGetProperty("shortest_edge", out JsonElement edge)
            && edge.ValueKind != JsonValueKind.Null)
        {
            if (!edge.TryGetInt32Number(out int side) || size.EnumerateObject().Count(p => p.Value.ValueKind != JsonValueKind.Null) != 1)
                throw fields.Bad("size", "a number of pixels, {\"height\", \"width\"} or {\"shortest_edge\"}", size.GetRawText());
            return ResizeRule.ShortestSide(side);
        }
        return new ResizeRule(ResizeKind.Exact, fields.Size("size"));
    }

    private static ResampleFilter Resample(JsonFields fields, ImageProcessorSettings defaults)
    {
        if (!fields.Has("resample"))
            return defaults.Resample;
        int code = fields.RequireInt("resample");
        return code switch
        {
            (int)ResampleFilter.Bilinear or (int)ResampleFilter.Bicubic => (ResampleFilter)code,
            _ => throw fields.Bad("resample", "2 (bilinear) or 3 (bicubic)", $"{code}"),
        };
    }

    private static double Rescale(JsonFields fields, ImageProcessorSettings defaults)
    {
        if (!fields.Bool("do_rescale", true))
            return 1;
        return fields.Has("rescale_factor") ? fields.RequireNumber("rescale_factor") : defaults.Rescale;
    }

    private static ImageSize? Crop(JsonFields fields, ImageProcessorSettings defaults)
    {
        if (!fields.Bool("do_center_crop", defaults.CentreCrop is not null))
            return null;
        return fields.Has("crop_size") ? fields.Size("crop_size") : defaults.CentreCrop ?? new ImageSize(224, 224);
    }

    private static JsonDocument? ReadJson(string path)
    {
        try
        {
            return JsonFields.Parse(File.ReadAllText(path), path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InvalidInputException($"'{path}' can't be read: {e.Message}", e);
        }
    }
}
