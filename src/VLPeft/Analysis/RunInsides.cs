using System.Text.Json.Serialization;

namespace VLPeft.Analysis;

/// <summary>What is found inside a trained run.</summary>
/// <param name="Questions">How many questions it was looked at with.</param>
/// <param name="Accuracy">Their accuracy with their own pictures, in percent.</param>
/// <param name="Bottlenecks">Each bottleneck.</param>
/// <param name="Layers">Each layer without its pictures.</param>
/// <param name="Swap">Other pictures.</param>
public sealed record RunInsides(
    [property: JsonPropertyName("questions")] int Questions,
    [property: JsonPropertyName("accuracy")] double Accuracy,
    [property: JsonPropertyName("bottlenecks")] IReadOnlyList<BottleneckInsides> Bottlenecks,
    [property: JsonPropertyName("layers")] IReadOnlyList<LayerImportance> Layers,
    [property: JsonPropertyName("swap")] PictureSwap Swap);

/// <summary>One bottleneck: x_t = W_down x_H, x_v = W_down x_R, both as the mean over an example's positions.</summary>
/// <param name="Name">The module that carries it.</param>
/// <param name="Text">The distribution of x_t's entries.</param>
/// <param name="Vision">That of x_v's; null when the model has no picture vector of the hidden states' width.</param>
/// <param name="Cosine">cos(x_t, x_v), the mean over examples.</param>
/// <param name="CosineOther">The same with the x_v of another example: what is not about this picture.</param>
/// <param name="CkaTextVision">Linear CKA of x_t and x_v: how much of the picture the text side shows before routing.</param>
/// <param name="CkaRoutedVision">Linear CKA of R(x_t, x_v) and x_v: how much of it is there behind routing; null where nothing is routed.</param>
/// <param name="EffectiveRank">Of the update that it adds to its layer, for routed LoRA the mean over pictures; null where that is no matrix.</param>
public sealed record BottleneckInsides(
    [property: JsonPropertyName("name")] string Name,
    [property: JsonPropertyName("x_t")] Distribution Text,
    [property: JsonPropertyName("x_v")] Distribution? Vision,
    [property: JsonPropertyName("cosine")] double? Cosine,
    [property: JsonPropertyName("cosine_other")] double? CosineOther,
    [property: JsonPropertyName("cka_text_vision")] double? CkaTextVision,
    [property: JsonPropertyName("cka_routed_vision")] double? CkaRoutedVision,
    [property: JsonPropertyName("effective_rank")] double? EffectiveRank);

/// <summary>Numbers of a kind.</summary>
/// <param name="Mean">Their mean.</param>
/// <param name="Sd">Their standard deviation.</param>
/// <param name="Low">The 5 % quantile.</param>
/// <param name="Median">The median.</param>
/// <param name="High">The 95 % quantile.</param>
public sealed record Distribution(
    [property: JsonPropertyName("mean")] double Mean,
    [property: JsonPropertyName("sd")] double Sd,
    [property: JsonPropertyName("q05")] double Low,
    [property: JsonPropertyName("median")] double Median,
    [property: JsonPropertyName("q95")] double High);

/// <summary>What a layer's routing is worth: accuracy when its bottlenecks get the mean of all pictures' x_R.</summary>
/// <param name="Layer">The layer's number; −1 for all at once.</param>
/// <param name="Accuracy">In percent.</param>
/// <param name="Loss">How many points are lost by it.</param>
public sealed record LayerImportance(
    [property: JsonPropertyName("layer")] int Layer, [property: JsonPropertyName("accuracy")] double Accuracy, [property: JsonPropertyName("loss")] double Loss);

/// <summary>What changes when every question gets another question's picture.</summary>
/// <param name="Changed">The share of answers that change, 0 … 1.</param>
/// <param name="Accuracy">The accuracy then, in percent.</param>
public sealed record PictureSwap([property: JsonPropertyName("changed")] double Changed, [property: JsonPropertyName("accuracy")] double Accuracy);
