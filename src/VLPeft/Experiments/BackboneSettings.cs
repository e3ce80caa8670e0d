using VLPeft.Models;
using VLPeft.Recipes;

namespace VLPeft.Experiments;

/// <summary>What a recipe says of loading its models.</summary>
internal static class BackboneSettings
{
    /// <summary>Of the text model, without a pooler.</summary>
    public static BackboneOptions Text(TextSection text, bool shapesOnly) => new()
    {
        Weights = WeightsOf(text.Init, shapesOnly),
        Pooler = PoolerSource.None,
        Dropout = text.BackboneDropout is { } p ? new BackboneDropout(p, p) : null,
    };

    public static BackboneWeights WeightsOf(WeightInitialization init, bool shapesOnly) =>
        shapesOnly ? BackboneWeights.ShapesOnly
        : init == WeightInitialization.Random ? BackboneWeights.Random : BackboneWeights.Checkpoint;

    public static PoolerSource PoolerOf(bool isRead, PoolerSetting setting) =>
        !isRead ? PoolerSource.None : setting == PoolerSetting.Fresh ? PoolerSource.Fresh : PoolerSource.Checkpoint;
}
