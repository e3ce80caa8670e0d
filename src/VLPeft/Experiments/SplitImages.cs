using VLPeft.Data;

namespace VLPeft.Experiments;

/// <summary>The pictures of a split, whatever is asked or said about them.</summary>
/// <param name="Name">Which split.</param>
/// <param name="Ids">The pictures' ids, each once, in the split's order.</param>
/// <param name="Source">Finds picture files; null when the recipe names none (features made elsewhere, or text only).</param>
internal sealed record SplitImages(Split Name, IReadOnlyList<long> Ids, IImageSource? Source)
{
    /// <exception cref="InvalidInputException">The recipe does not say where they are.</exception>
    public IImageSource RequireSource() => Source
        ?? throw new InvalidInputException($"data.images: the {RunFiles.Name(Name)} split's pictures are read, but the recipe does not say where they are; name data.images or data.image-map.");
}
