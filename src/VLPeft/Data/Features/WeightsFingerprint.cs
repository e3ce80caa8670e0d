using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using TorchSharp;
using VLPeft.Checkpoints;
using static TorchSharp.torch;

namespace VLPeft.Data.Features;

/// <summary>
/// Names an encoder by what it is: a hash over its weights (XxHash128, 32 hexadecimal digits). The fingerprint of tensors and that of the
/// file they came from differ; use one of the two throughout.
/// </summary>
public static class WeightsFingerprint
{
    /// <summary>Names, element types, shapes and values of all tensors; their order does not matter.</summary>
    /// <param name="tensors">Tensors of any device and layout; those that aren't contiguous on the CPU are copied one at a time.</param>
    /// <exception cref="ArgumentException">A name is there twice.</exception>
    public static string Of(IEnumerable<(string Name, Tensor Value)> tensors)
    {
        (string Name, Tensor Value)[] sorted = [.. tensors.OrderBy(pair => pair.Name, StringComparer.Ordinal)];
        var hash = new XxHash128();
        for (int i = 0; i < sorted.Length; i++)
        {
            (string name, Tensor value) = sorted[i];
            if (i > 0 && sorted[i - 1].Name == name)
                throw new ArgumentException($"The tensor name '{name}' is there twice.", nameof(tensors));
            using var scope = NewDisposeScope();
            hash.Append(Encoding.UTF8.GetBytes($"{name}\0{value.dtype}\0{string.Join(',', value.shape)}\0"));
            TensorBytes.ForEachChunk(value.detach().cpu().contiguous(), chunk => hash.Append(chunk));
        }
        return Text(hash);
    }

    /// <summary>Parameters and buffers of a module.</summary>
    public static string Of(nn.Module module) => Of(module.state_dict().Select(pair => (pair.Key, pair.Value)));

    /// <summary>The bytes of a file.</summary>
    /// <exception cref="InvalidInputException">The file is missing or can't be read.</exception>
    public static string OfFile(string path)
    {
        var hash = new XxHash128();
        FileBytes.Append(path, hash);
        return Text(hash);
    }

    /// <summary>
    /// The bytes of the weight files in a Hugging Face folder: <c>model.safetensors</c>, else the shards its index names, else
    /// <c>pytorch_model.bin</c> or its shards.
    /// </summary>
    /// <exception cref="InvalidInputException">The folder has none of them, or a shard is missing.</exception>
    public static string OfFolder(string folder)
    {
        var hash = new XxHash128();
        foreach (string file in WeightFiles(folder))
        {
            hash.Append(Encoding.UTF8.GetBytes($"{file}\0"));
            FileBytes.Append(Path.Combine(folder, file), hash);
        }
        return Text(hash);
    }

    private static string[] WeightFiles(string folder)
    {
        foreach (string name in new[] { "model.safetensors", "pytorch_model.bin" })
        {
            if (File.Exists(Path.Combine(folder, name)))
                return [name];
            string index = Path.Combine(folder, $"{name}.index.json");
            if (File.Exists(index))
                return Shards(index);
        }
        throw new InvalidInputException(
            $"The folder '{folder}' holds no weights: expected model.safetensors, pytorch_model.bin or one of them with .index.json.");
    }

    private static string[] Shards(string index)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(FileBytes.Read(index));
            return json.RootElement.GetProperty("weight_map").EnumerateObject()
                .Select(entry => entry.Value.GetString() ?? throw new JsonException("A shard's name is null."))
                .Distinct().Order(StringComparer.Ordinal).ToArray();
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new InvalidInputException($"'{index}' is no shard index: expected {{\"weight_map\": {{tensor: file}}}}. {e.Message}", e);
        }
    }

    private static string Text(XxHash128 hash) => hash.GetCurrentHashAsUInt128().ToString("x32");
}
