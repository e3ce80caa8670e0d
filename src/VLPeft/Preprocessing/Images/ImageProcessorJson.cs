using System.Text;
using System.Text.Json;

namespace VLPeft.Preprocessing;

/// <summary>The project's own form of <see cref="ImageProcessorSettings"/>: one line, keys in a fixed order.</summary>
internal static class ImageProcessorJson
{
    // Raise it when the same settings come to give other values: caches made before are then not used any more.
    private const int Version = 1;

    private static readonly string[] Keys = ["version", "resize", "height", "width", "resample", "crop", "rescale", "mean", "std"];

    public static string Write(ImageProcessorSettings settings)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("version", Version);
            json.WriteString("resize", settings.Resize.Kind == ResizeKind.Exact ? "exact" : "shortest-side");
            json.WriteNumber("height", settings.Resize.Size.Height);
            json.WriteNumber("width", settings.Resize.Size.Width);
            json.WriteString("resample", settings.Resample == ResampleFilter.Bilinear ? "bilinear" : "bicubic");
            if (settings.CentreCrop is { } crop)
                WriteNumbers(json, "crop", crop.Height, crop.Width);
            else
                json.WriteNull("crop");
            json.WriteNumber("rescale", settings.Rescale);
            WriteNumbers(json, "mean", settings.Mean.Red, settings.Mean.Green, settings.Mean.Blue);
            WriteNumbers(json, "std", settings.Std.Red, settings.Std.Green, settings.Std.Blue);
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(stream.ToArray());
    }

    public static ImageProcessorSettings Read(string text, string source)
    {
        using JsonDocument document = JsonFields.Parse(text, source);
        var fields = new JsonFields(document.RootElement, source);
        fields.OnlyAllow(Keys);
        int version = fields.RequireInt("version");
        if (version != Version)
            throw fields.Bad("version", $"{Version}", version.ToString());
        var size = new ImageSize(fields.RequireInt("height"), fields.RequireInt("width"));
        ResizeKind kind = fields.RequireChoice("resize", ("exact", ResizeKind.Exact), ("shortest-side", ResizeKind.ShortestSide));
        if (kind == ResizeKind.ShortestSide && size.Height != size.Width)
            throw fields.Bad("width", $"the height, {size.Height}, because one side's length is given", $"{size.Width}");
        var settings = new ImageProcessorSettings
        {
            Resize = new ResizeRule(kind, size),
            Resample = fields.RequireChoice("resample", ("bilinear", ResampleFilter.Bilinear), ("bicubic", ResampleFilter.Bicubic)),
            CentreCrop = fields.Has("crop") ? fields.Size("crop") : null,
            Rescale = fields.RequireNumber("rescale"),
            Mean = fields.RequireChannels("mean"),
            Std = fields.RequireChannels("std"),
        };
        settings.Validate(source);
        return settings;
    }

    private static void WriteNumbers(Utf8JsonWriter json, string key, params ReadOnlySpan<double> values)
    {
        json.WriteStartArray(key);
        foreach (double value in values)
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }
}
