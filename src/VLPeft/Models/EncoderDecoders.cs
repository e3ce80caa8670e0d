using System.Collections.Concurrent;
using VLPeft.Models.Bart;
using VLPeft.Models.T5;

namespace VLPeft.Models;

/// <summary>The text encoder-decoders by the model_type of their config.json.</summary>
public static class EncoderDecoders
{
    private static readonly ConcurrentDictionary<string, Func<string, BackboneOptions, IEncoderDecoder>> Loaders = new()
    {
        ["bart"] = BartModel.FromFolder,
        ["t5"] = T5Model.FromFolder,
    };

    /// <summary>The model types that can be loaded.</summary>
    public static IReadOnlyCollection<string> Known => [.. Loaders.Keys.Order()];

    /// <summary>Makes a backbone known, or replaces one.</summary>
    /// <param name="modelType">Its config.json's model_type.</param>
    /// <param name="load">Loads a folder.</param>
    public static void Register(string modelType, Func<string, BackboneOptions, IEncoderDecoder> load) => Loaders[modelType] = load;

    /// <summary>Loads a Hugging Face folder, whichever known backbone it holds: eval mode, every parameter frozen.</summary>
    /// <exception cref="InvalidInputException">
    /// There is no or an unknown model_type, an unsupported configuration, or weights that don't fit.
    /// </exception>
    public static IEncoderDecoder FromFolder(string folder, BackboneOptions? options = null) =>
        ConfigReader.Choose(Loaders, folder, "encoder-decoder")(folder, options ?? new BackboneOptions());
}
