namespace VLPeft.Experiments;

/// <summary>One answer to a question.</summary>
/// <param name="Answer">The answer.</param>
/// <param name="Probability">The model's, 0 … 1: the sigmoid of its logit, so that the probabilities of several answers need not sum to 1.</param>
public sealed record VqaAnswer(string Answer, double Probability);
