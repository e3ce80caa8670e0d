using System.Text.Json.Serialization;

namespace VLPeft.Cli.Studies;

/// <summary>What OUT/results.json holds.</summary>
internal sealed record StudyResults(
    [property: JsonPropertyName("study")] string Title,
    [property: JsonPropertyName("question")] string Question,
    [property: JsonPropertyName("metric")] string Metric,
    [property: JsonPropertyName("compared_axis")] string ComparedAxis,
    [property: JsonPropertyName("own_rate")] IReadOnlyList<VariantResults> Own,
    [property: JsonPropertyName("common_rate")] IReadOnlyList<VariantResults>? Common,
    [property: JsonPropertyName("failures")] IReadOnlyList<StudyFailure> Failures,
    [property: JsonPropertyName("code_version")] string CodeVersion,
    [property: JsonPropertyName("command")] string Command);

/// <summary>One variant at a learning rate.</summary>
internal sealed record VariantResults(
    [property: JsonPropertyName("variant")] string Name,
    [property: JsonPropertyName("values")] IReadOnlyDictionary<string, string> Values,
    [property: JsonPropertyName("learning_rate")] double LearningRate,
    [property: JsonPropertyName("validation_by_rate")] IReadOnlyDictionary<string, double> ValidationByRate,
    [property: JsonPropertyName("trainable_parameters")] long TrainableParameters,
    [property: JsonPropertyName("mean")] double? Mean,
    [property: JsonPropertyName("sd")] double? Sd,
    [property: JsonPropertyName("seeds")] IReadOnlyList<StudySeed> Seeds,
    [property: JsonPropertyName("difference")] StudyDifference? Difference);

/// <summary>One tested run.</summary>
internal sealed record StudySeed(
    [property: JsonPropertyName("seed")] long Seed, [property: JsonPropertyName("score")] double Score, [property: JsonPropertyName("run")] string Run);

/// <summary>How far a variant is above the one that it is compared with: mean over seeds and test items, and a 95 % interval.</summary>
internal sealed record StudyDifference(
    [property: JsonPropertyName("to")] string To,
    [property: JsonPropertyName("mean")] double Mean,
    [property: JsonPropertyName("low")] double Low,
    [property: JsonPropertyName("high")] double High,
    [property: JsonPropertyName("seeds")] int Seeds);

/// <summary>A run that ended with an error.</summary>
internal sealed record StudyFailure(
    [property: JsonPropertyName("variant")] string Variant,
    [property: JsonPropertyName("learning_rate")] double LearningRate,
    [property: JsonPropertyName("seed")] long Seed,
    [property: JsonPropertyName("run")] string Run,
    [property: JsonPropertyName("error")] string Error);
