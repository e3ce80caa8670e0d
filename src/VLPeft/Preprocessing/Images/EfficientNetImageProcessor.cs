using System.Text.Json;
using VLPeft.Models.EfficientNet;

namespace VLPeft.Preprocessing;

/// <summary>
/// The preprocessing that an EfficientNet-Lite folder keeps in its config.json: <c>mean</c> and <c>std</c> of values from 0 to 255, and
/// <c>image_size</c>. Pictures of other sizes are squashed to it, bicubic: those of that size pass as they are.
/// </summary>
internal static class EfficientNetImageProcessor
{
    /// <summary>Null when the configuration is another model's.</summary>
    public static ImageProcessorSettings? Read(JsonElement config, string path)
    {
        var fields = new JsonFields(config, path);
        if (fields.Text("model_type") != EfficientNetConfig.ModelType)
            return null;
        if (fields.Has("input_range") && !IsBytes(fields.Get("input_range")))
            throw fields.Bad("input_range", "[0, 255]", fields.Get("input_range").GetRawText());
        int size = fields.RequireInt("image_size");
        var settings = new ImageProcessorSettings
        {
            Resize = ResizeRule.Exact(size, size),
            Resample = ResampleFilter.Bicubic,
            Rescale = 1,
            Mean = fields.RequireChannels("mean"),
            Std = fields.RequireChannels("std"),
        };
        settings.Validate($"'{path}'");
        return settings;
    }

    private static bool IsBytes(JsonElement range) => range.ValueKind == JsonValueKind.Array && range.GetArrayLength() == 2
        && range[0].TryGetInt32Number(out int least) && least == 0 && range[1].TryGetInt32Number(out int most) && most == 255;
}
