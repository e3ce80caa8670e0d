using VLPeft.Checkpoints;
using static TorchSharp.torch;

namespace VLPeft.Models;

/// <summary>Writes a backbone as a Hugging Face folder, which <see cref="TextEncoders"/> and <see cref="VisionEncoders"/> load again.</summary>
public static class HubFolder
{
    // What the preparation of inputs needs, where a folder has it.
    private static readonly string[] Companions =
        ["preprocessor_config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.json", "merges.txt", "vocab.txt"];

    /// <summary>
    /// What the backbone is called within the model that a folder's checkpoint is of: "roberta." for RobertaForMaskedLM and the like, nothing
    /// for RobertaModel, for GPT-2 (which is loaded with its head, so its names are those of the whole), or where config.json names no
    /// architecture.
    /// </summary>
    /// <exception cref="InvalidInputException">The folder has no readable config.json.</exception>
    public static string BackbonePrefix(string folder)
    {
        ConfigReader config = ConfigReader.OpenFolder(folder);
        string type = config.Text("model_type");
        return type != Gpt2.Gpt2Config.ModelType && config.Texts("architectures") is [var architecture, ..] && !architecture.Equals(type + "Model", StringComparison.OrdinalIgnoreCase) ? type + "." : "";
    }

    /// <summary>Writes weights, configuration, and the files that prepare inputs; config.json comes last.</summary>
    /// <param name="module">The backbone.</param>
    /// <param name="configJson">Its config.json.</param>
    /// <param name="folder">Made when it does not exist.</param>
    /// <param name="companions">A folder whose image processor or tokenizer files are copied; null for none.</param>
    public static void Save(nn.Module module, string configJson, string folder, string? companions = null)
    {
        ArgumentNullException.ThrowIfNull(module);
        foreach (string name in companions is null ? [] : Companions)
            if (File.Exists(Path.Combine(companions!, name)))
                AtomicFile.WriteText(Path.Combine(folder, name), File.ReadAllText(Path.Combine(companions!, name)));
        var tensors = module.state_dict().Select(one => KeyValuePair.Create(one.Key, one.Value));
        SafetensorsWriter.Write(Path.Combine(folder, "model.safetensors"), tensors, new Dictionary<string, string> { ["format"] = "pt" });
        AtomicFile.WriteText(Path.Combine(folder, "config.json"), configJson);
    }
}
