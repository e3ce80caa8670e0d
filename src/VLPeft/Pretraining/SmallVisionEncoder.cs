using VLPeft.Models;
using VLPeft.Models.Beit;
using VLPeft.Models.Vit;
using static TorchSharp.torch;

namespace VLPeft.Pretraining;

/// <summary>A vision encoder of the embedded benchmark's size: pictures of 32 × 32, patches of 8, 2 layers, d = 64, 4 heads.</summary>
/// <param name="ModelType">Its config.json's model_type, which is also its name on the command line.</param>
/// <param name="Processor">The class of its image processor.</param>
/// <param name="Positions">How the parameters end that say where a patch is.</param>
/// <param name="Make">A model with fresh weights.</param>
internal sealed record SmallVisionEncoder(string ModelType, string Processor, string Positions, Func<IVisionEncoder> Make)
{
    private const long Side = 32, Patch = 8, Width = 64, Layers = 2, Heads = 4, Intermediate = 256;

    // The usual 0.02 is for widths of 768 and more; at 64, attention would start out blind.
    private const double Deviation = 0.1;

    public static SmallVisionEncoder Of(VisionArchitecture architecture) => architecture switch
    {
        VisionArchitecture.Vit => new(VitConfig.ModelType, "ViTImageProcessor", "position_embeddings", () => new VitModel(Vit)),
        VisionArchitecture.Beit => new(BeitConfig.ModelType, "BeitImageProcessor", "relative_position_bias_table", () => new BeitModel(Beit)),
        _ => throw new ArgumentOutOfRangeException(nameof(architecture), architecture, null),
    };

    /// <summary>117,760 parameters.</summary>
    private static VitConfig Vit { get; } = new()
    {
        ImageSize = Side,
        PatchSize = Patch,
        Width = Width,
        Layers = Layers,
        Heads = Heads,
        Intermediate = Intermediate,
        InitializerRange = Deviation,
        Dropout = BackboneDropout.None,
    };

    /// <summary>As the published classifiers: biases of relative positions in every layer, no absolute ones.</summary>
    private static BeitConfig Beit { get; } = new()
    {
        ImageSize = Side,
        PatchSize = Patch,
        Width = Width,
        Layers = Layers,
        Heads = Heads,
        Intermediate = Intermediate,
        RelativePositions = true,
        InitializerRange = Deviation,
        Dropout = BackboneDropout.None,
    };

    /// <summary>A model with fresh weights, from torch's global generator.</summary>
    /// <param name="positionDeviation">Standard deviation of what says where a patch is.</param>
    public IVisionEncoder Fresh(double positionDeviation)
    {
        IVisionEncoder model = Make();
        using var frozen = no_grad();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.Module.named_parameters())
        {
            if (name.EndsWith(Positions, StringComparison.Ordinal))
                nn.init.normal_(parameter, 0, positionDeviation);
        }
        return model;
    }

    /// <summary>The content of preprocessor_config.json.</summary>
    public string Preprocessor => $$"""
        {
          "image_processor_type": "{{Processor}}",
          "do_resize": true,
          "size": { "height": 32, "width": 32 },
          "resample": 2,
          "do_rescale": true,
          "rescale_factor": 0.00392156862745098,
          "do_normalize": true,
          "image_mean": [0.5, 0.5, 0.5],
          "image_std": [0.5, 0.5, 0.5]
        }

        """;
}
