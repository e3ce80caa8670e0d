namespace VLPeft.Data.Scenes;

/// <summary>Which objects a noun phrase means; null leaves an attribute open.</summary>
internal readonly record struct SceneFilter(
    SceneSize? Size = null, SceneColor? Color = null, SceneShape? Shape = null, ScenePosition? Position = null)
{
    public bool Matches(ScenePosition position, SceneObject item) =>
        (Size is null || Size == item.Size)
        && (Color is null || Color == item.Color)
        && (Shape is null || Shape == item.Shape)
        && (Position is null || Position == position);

    public int CountIn(Scene scene)
    {
        int count = 0;
        foreach ((ScenePosition position, SceneObject item) in scene.Objects)
            count += Matches(position, item) ? 1 : 0;
        return count;
    }

    /// <summary>For example "small red circle" or "object at the top left".</summary>
    public string Singular => Phrase(Shape?.Name() ?? "object");

    /// <summary>For example "red objects".</summary>
    public string Plural => Phrase(Shape?.Plural() ?? "objects");

    private string Phrase(string noun) =>
        (Size is { } size ? size.Name() + " " : "") + (Color is { } color ? color.Name() + " " : "") + noun
        + (Position is { } position ? " at the " + position.Name() : "");
}

/// <summary>Families of filters that leave the same attributes open; a question's phrase is picked family first.</summary>
internal static class SceneFilters
{
    private static readonly SceneShape[] AllShapes = Enum.GetValues<SceneShape>();
    private static readonly SceneColor[] AllColors = Enum.GetValues<SceneColor>();
    private static readonly SceneSize[] AllSizes = Enum.GetValues<SceneSize>();

    public static readonly SceneFilter[] Objects = [new()];
    public static readonly SceneFilter[] Shapes = [.. AllShapes.Select(shape => new SceneFilter(Shape: shape))];
    public static readonly SceneFilter[] Colors = [.. AllColors.Select(color => new SceneFilter(Color: color))];
    public static readonly SceneFilter[] Positions =
        [.. Enum.GetValues<ScenePosition>().Select(position => new SceneFilter(Position: position))];
    public static readonly SceneFilter[] ColorShapes =
        [.. AllColors.SelectMany(color => AllShapes.Select(shape => new SceneFilter(Color: color, Shape: shape)))];
    public static readonly SceneFilter[] SizeShapes =
        [.. AllSizes.SelectMany(size => AllShapes.Select(shape => new SceneFilter(Size: size, Shape: shape)))];
    public static readonly SceneFilter[] SizeColors =
        [.. AllSizes.SelectMany(size => AllColors.Select(color => new SceneFilter(Size: size, Color: color)))];
}
