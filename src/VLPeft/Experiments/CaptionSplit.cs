using VLPeft.Data;

namespace VLPeft.Experiments;

/// <summary>Pictures of one split with their captions.</summary>
/// <param name="Name">Which split.</param>
/// <param name="Pictures">The pictures, each once.</param>
/// <param name="Images">Finds picture files; null when the recipe names none (features made elsewhere, or text only).</param>
public sealed record CaptionSplit(Split Name, IReadOnlyList<CaptionPicture> Pictures, IImageSource? Images)
{
    internal SplitImages Files => new(Name, [.. Pictures.Select(picture => picture.ImageId)], Images);
}
