namespace VLPeft.Evaluation.Captions;

/// <summary>In the references of how many pictures each n-gram stands; CIDEr's idea of what is common.</summary>
/// <param name="Images">How many pictures were counted.</param>
/// <param name="Counts">By n-gram, one to four tokens joined by spaces; from 0 to <paramref name="Images"/>.</param>
public sealed record DocumentFrequencies(long Images, IReadOnlyDictionary<string, int> Counts);
