namespace VLPeft.Data;

/// <summary>A picture with what people say about it.</summary>
/// <param name="ImageId">The picture.</param>
/// <param name="FileName">Its file, relative to a folder of pictures; null when the data don't say.</param>
/// <param name="Captions">People's captions; none in a test split without references.</param>
public sealed record CaptionPicture(long ImageId, string? FileName, IReadOnlyList<string> Captions);
