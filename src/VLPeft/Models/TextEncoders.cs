using System.Collections.Concurrent;
using VLPeft.Models.Bert;

namespace VLPeft.Models;

/// <summary>The text backbones by the model_type of their config.json.</summary>
public static class TextEncoders
{
    private static readonly ConcurrentDictionary<string, Func<string, BackboneOptions, ITextEncoder>> Loaders = new()
    {
        ["bert"] = BertFamilyModel.FromFolder,
        ["roberta"] = BertFamilyModel.FromFolder,
    };

    /// <summary>The model types that can be loaded.</summary>
    public static IReadOnlyCollection<string> Known => [.. Loaders.Keys.Order()];

    /// <summary>Makes a backbone known, or replaces one.</summary>
    /// <param name="modelType">Its config.json's model_type.</param>
    /// <param name="load">Loads a folder.</param>
    public static void Register(string modelType, Func<string, BackboneOptions, ITextEncoder> load) => Loaders[modelType] = load;

    /// <summary>Loads a Hugging Face folder, whichever known backbone it holds: eval mode, every parameter frozen.</summary>
    /// <exception cref="InvalidInputException">
    /// There is no or an unknown model_type, an unsupported configuration, or weights that don't fit.
    /// </exception>
    public static ITextEncoder FromFolder(string folder, BackboneOptions? options = null) =>
        ConfigReader.Choose(Loaders, folder, "text")(folder, options ?? new BackboneOptions());
}
