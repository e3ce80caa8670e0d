using System.Text.Json;
using System.Text.Json.Nodes;
using VLPeft.Preprocessing;
using Xunit;

namespace VLPeft.Parity.Tests.Images;

/// <summary>The cases of images.json, and the values of expected.safetensors.</summary>
internal static class ImageFixtures
{
    private static readonly Lazy<JsonDocument> Document = new(() => FixtureRoot.Json("images", "images.json"));
    private static readonly Lazy<Dictionary<string, (string Type, long[] Shape, byte[] Data)>> Tensors = new(ReadTensors);

    public static TheoryData<string> Files() => [.. Images().Select(image => image.GetProperty("file").GetString()!)];

    public static TheoryData<string, string> Cases()
    {
        var cases = new TheoryData<string, string>();
        foreach (JsonElement image in Images())
        {
            foreach (JsonProperty processor in image.GetProperty("processors").EnumerateObject())
                cases.Add(image.GetProperty("file").GetString()!, processor.Name);
        }
        return cases;
    }

    public static JsonElement Image(string file) => Images().Single(image => image.GetProperty("file").GetString() == file);

    public static string PathOf(string file) => FixtureRoot.File("images", file);

    /// <summary>The processor of a case, read from a preprocessor_config.json as a model folder holds it.</summary>
    public static ImageProcessor Processor(string name, int target)
    {
        JsonNode config = JsonNode.Parse(Document.Value.RootElement.GetProperty("meta").GetProperty("processors")
            .GetProperty($"{name}@{target}").GetRawText())!;
        string type = name switch { "vit" => "ViT", "beit" => "Beit", "deit" => "DeiT", "clip" => "CLIP", _ => name };
        config["image_processor_type"] = $"{type}ImageProcessor";
        DirectoryInfo folder = Directory.CreateTempSubdirectory("vlpeft-images");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, ImageProcessor.FileName), config.ToJsonString());
            return ImageProcessor.FromFolder(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    public static byte[] Bytes(string name, params long[] shape)
    {
        (string type, long[] actual, byte[] data) = Tensors.Value[name];
        Assert.Equal("U8", type);
        Assert.Equal(shape, actual);
        return data;
    }

    public static float[] Floats(string name, params long[] shape)
    {
        (string type, long[] actual, byte[] data) = Tensors.Value[name];
        Assert.Equal("F32", type);
        Assert.Equal(shape, actual);
        return System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(data).ToArray();
    }

    private static JsonElement.ArrayEnumerator Images() => Document.Value.RootElement.GetProperty("images").EnumerateArray();

    private static Dictionary<string, (string Type, long[] Shape, byte[] Data)> ReadTensors()
    {
        byte[] file = File.ReadAllBytes(FixtureRoot.File("images", "expected.safetensors"));
        int header = (int)BitConverter.ToInt64(file);
        using JsonDocument json = JsonDocument.Parse(file.AsMemory(8, header));
        var tensors = new Dictionary<string, (string, long[], byte[])>();
        foreach (JsonProperty tensor in json.RootElement.EnumerateObject())
        {
            if (tensor.Name == "__metadata__")
                continue;
            JsonElement offsets = tensor.Value.GetProperty("data_offsets");
            byte[] data = file[(8 + header + offsets[0].GetInt32())..(8 + header + offsets[1].GetInt32())];
            long[] shape = [.. tensor.Value.GetProperty("shape").EnumerateArray().Select(size => size.GetInt64())];
            tensors.Add(tensor.Name, (tensor.Value.GetProperty("dtype").GetString()!, shape, data));
        }
        return tensors;
    }
}
