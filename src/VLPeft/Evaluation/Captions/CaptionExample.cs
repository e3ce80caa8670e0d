namespace VLPeft.Evaluation.Captions;

/// <summary>A picture's caption by a model and by people: raw for <see cref="CaptionScorer"/>, tokens joined by spaces for one metric.</summary>
/// <param name="ImageId">The picture.</param>
/// <param name="Candidate">The model's caption; may be empty.</param>
/// <param name="References">People's captions, at least one.</param>
public sealed record CaptionExample(string ImageId, string Candidate, IReadOnlyList<string> References);

/// <summary>What a metric gives.</summary>
/// <param name="Score">Of all pictures.</param>
/// <param name="PerImage">Of each, in their order.</param>
public sealed record CaptionMetric(double Score, IReadOnlyList<double> PerImage);
