using System.Collections.Concurrent;
using VLPeft.Models.Beit;
using VLPeft.Models.Clip;
using VLPeft.Models.EfficientNet;
using VLPeft.Models.Vit;

namespace VLPeft.Models;

/// <summary>The vision backbones by the model_type of their config.json.</summary>
public static class VisionEncoders
{
    private static readonly ConcurrentDictionary<string, Func<string, BackboneOptions, IVisionEncoder>> Loaders = new()
    {
        [VitConfig.ModelType] = VitModel.FromFolder,
        [BeitConfig.ModelType] = BeitModel.FromFolder,
        [ClipConfig.ModelType] = ClipVisionModel.FromFolder,
        [ClipVisionConfig.ModelType] = ClipVisionModel.FromFolder,
        [ClipResNetConfig.ModelType] = ClipResNetModel.FromFolder,
        [EfficientNetConfig.ModelType] = EfficientNetModel.FromFolder,
    };

    /// <summary>The model types that can be loaded.</summary>
    public static IReadOnlyCollection<string> Known => [.. Loaders.Keys.Order()];

    /// <summary>Makes a backbone known, or replaces one.</summary>
    /// <param name="modelType">Its config.json's model_type.</param>
    /// <param name="load">Loads a folder.</param>
    public static void Register(string modelType, Func<string, BackboneOptions, IVisionEncoder> load) => Loaders[modelType] = load;

    /// <summary>Loads a Hugging Face folder, whichever known backbone it holds: eval mode, every parameter frozen.</summary>
    /// <exception cref="InvalidInputException">
    /// There is no or an unknown model_type, an unsupported configuration, or weights that don't fit.
    /// </exception>
    public static IVisionEncoder FromFolder(string folder, BackboneOptions? options = null) =>
        ConfigReader.Choose(Loaders, folder, "vision")(folder, options ?? new BackboneOptions());
}
