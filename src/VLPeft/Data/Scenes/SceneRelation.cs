namespace VLPeft.Data.Scenes;

/// <summary>Where one object lies, seen from another: by columns or rows of the grid, whatever the other axis.</summary>
internal enum SceneRelation
{
    /// <summary>In the column to the left.</summary>
    LeftOf,

    /// <summary>In the column to the right.</summary>
    RightOf,

    /// <summary>In the row above.</summary>
    Above,

    /// <summary>In the row below.</summary>
    Below,
}

/// <summary>The relations' meaning and words.</summary>
internal static class SceneRelations
{
    private static readonly string[] Names = ["left of", "right of", "above", "below"];

    public static IReadOnlyList<SceneRelation> All { get; } = Enum.GetValues<SceneRelation>();

    /// <summary>For example "left of".</summary>
    public static string Name(this SceneRelation relation) => Names[(int)relation];

    /// <summary>Whether <paramref name="position"/> lies so, seen from <paramref name="from"/>.</summary>
    public static bool Holds(this SceneRelation relation, ScenePosition position, ScenePosition from) => relation switch
    {
        SceneRelation.LeftOf => Column(position) < Column(from),
        SceneRelation.RightOf => Column(position) > Column(from),
        SceneRelation.Above => Row(position) < Row(from),
        _ => Row(position) > Row(from),
    };

    private static int Column(ScenePosition position) => (int)position % 2;

    private static int Row(ScenePosition position) => (int)position / 2;
}
