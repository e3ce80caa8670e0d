using VLPeft.Evaluation.Captions;

namespace VLPeft.Experiments;

/// <summary>What a model says about a split.</summary>
/// <param name="Predictions">A caption a picture, in the split's order.</param>
/// <param name="Report">The official scores of the pictures that have references; null when none has.</param>
/// <param name="Loss">The mean loss over the references; null when there are none.</param>
public sealed record CaptionScores(IReadOnlyList<CaptionPrediction> Predictions, CaptionReport? Report, double? Loss);
