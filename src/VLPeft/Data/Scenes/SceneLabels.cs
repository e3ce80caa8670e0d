namespace VLPeft.Data.Scenes;

/// <summary>Targets for the pre-training of a vision encoder.</summary>
public static class SceneLabels
{
    /// <summary>Width and height of a labelled patch in pixels.</summary>
    public const int PatchSide = 8;

    /// <summary>Patches of a picture, in rows from the top.</summary>
    public const int PatchCount = PatchesPerRow * PatchesPerRow;

    private const int PatchesPerRow = SceneRenderer.Side / PatchSide;
    private const int PatchesPerCell = SceneRenderer.CellSide / PatchSide;

    private static readonly Target[] Attributes = [.. CellAttributes(), .. PictureAttributes()];

    /// <summary>
    /// The names of a picture's yes-or-no attributes: for each cell whether there is an object, of which shape, colour and size; the
    /// background; how many objects; which shapes, colours, and shapes of which colour there are.
    /// </summary>
    public static IReadOnlyList<string> AttributeNames { get; } = [.. Attributes.Select(attribute => attribute.Name)];

    /// <summary>
    /// The columns of a patch's labels with their numbers of classes. Shape, colour and size are those of the object in the patch's
    /// cell, 0 when the cell is empty and 1 + the attribute's value otherwise; the background's is its value.
    /// </summary>
    public static IReadOnlyList<(string Name, int Classes)> PatchColumns { get; } =
        [("shape", 5), ("color", 7), ("size", 3), ("background", 3)];

    /// <summary>Writes 1 for each attribute the scene has and 0 for the others.</summary>
    /// <param name="scene">What the picture shows.</param>
    /// <param name="target">As long as <see cref="AttributeNames"/>.</param>
    public static void WriteAttributes(Scene scene, Span<float> target)
    {
        ArgumentNullException.ThrowIfNull(scene);
        for (int i = 0; i < Attributes.Length; i++)
            target[i] = Attributes[i].Holds(scene) ? 1 : 0;
    }

    /// <summary>Writes the labels of every patch.</summary>
    /// <param name="scene">What the picture shows.</param>
    /// <param name="target"><see cref="PatchCount"/> × as many as <see cref="PatchColumns"/>.</param>
    public static void WritePatches(Scene scene, Span<byte> target)
    {
        ArgumentNullException.ThrowIfNull(scene);
        for (int patch = 0; patch < PatchCount; patch++)
        {
            int row = patch / PatchesPerRow / PatchesPerCell;
            int column = patch % PatchesPerRow / PatchesPerCell;
            SceneObject? item = scene[(ScenePosition)(2 * row + column)];
            Span<byte> labels = target.Slice(patch * PatchColumns.Count, PatchColumns.Count);
            labels[0] = (byte)(item is null ? 0 : 1 + (int)item.Shape);
            labels[1] = (byte)(item is null ? 0 : 1 + (int)item.Color);
            labels[2] = (byte)(item is null ? 0 : 1 + (int)item.Size);
            labels[3] = (byte)scene.Background;
        }
    }

    private static IEnumerable<Target> CellAttributes()
    {
        foreach (ScenePosition position in Enum.GetValues<ScenePosition>())
        {
            string at = position.Name() + ": ";
            yield return new Target(at + "object", scene => scene[position] is not null);
            foreach (SceneShape shape in Enum.GetValues<SceneShape>())
                yield return new Target(at + shape.Name(), scene => scene[position]?.Shape == shape);
            foreach (SceneColor color in Enum.GetValues<SceneColor>())
                yield return new Target(at + color.Name(), scene => scene[position]?.Color == color);
            foreach (SceneSize size in Enum.GetValues<SceneSize>())
                yield return new Target(at + size.Name(), scene => scene[position]?.Size == size);
        }
    }

    private static IEnumerable<Target> PictureAttributes()
    {
        foreach (SceneBackground background in Enum.GetValues<SceneBackground>())
            yield return new Target("background: " + background.Name(), scene => scene.Background == background);
        for (int count = 1; count <= Scene.CellCount; count++)
        {
            int wanted = count;
            yield return new Target($"count: {count}", scene => scene.Count == wanted);
        }
        foreach (SceneFilter filter in SceneFilters.Shapes.Concat(SceneFilters.Colors).Concat(SceneFilters.ColorShapes))
            yield return new Target("any " + filter.Singular, scene => filter.CountIn(scene) > 0);
    }

    private readonly record struct Target(string Name, Func<Scene, bool> Holds);
}
