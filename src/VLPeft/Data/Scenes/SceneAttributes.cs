namespace VLPeft.Data.Scenes;

/// <summary>The shape of an object.</summary>
public enum SceneShape
{
    /// <summary>A disc.</summary>
    Circle,

    /// <summary>A square with sides parallel to the picture's.</summary>
    Square,

    /// <summary>A triangle that stands on its base.</summary>
    Triangle,

    /// <summary>A plus sign.</summary>
    Cross,
}

/// <summary>The colour of an object.</summary>
public enum SceneColor
{
    /// <summary>Red.</summary>
    Red,

    /// <summary>Green.</summary>
    Green,

    /// <summary>Blue.</summary>
    Blue,

    /// <summary>Yellow.</summary>
    Yellow,

    /// <summary>Purple.</summary>
    Purple,

    /// <summary>Cyan.</summary>
    Cyan,
}

/// <summary>The size of an object.</summary>
public enum SceneSize
{
    /// <summary>Radius 4 pixels.</summary>
    Small,

    /// <summary>Radius 6.5 pixels.</summary>
    Large,
}

/// <summary>The colour behind the objects; none of them is an object's colour.</summary>
public enum SceneBackground
{
    /// <summary>Nearly black.</summary>
    Black,

    /// <summary>Middle grey.</summary>
    Gray,

    /// <summary>Nearly white.</summary>
    White,
}

/// <summary>A cell of the 2×2 grid, in reading order.</summary>
public enum ScenePosition
{
    /// <summary>Columns 0-15, rows 0-15.</summary>
    TopLeft,

    /// <summary>Columns 16-31, rows 0-15.</summary>
    TopRight,

    /// <summary>Columns 0-15, rows 16-31.</summary>
    BottomLeft,

    /// <summary>Columns 16-31, rows 16-31.</summary>
    BottomRight,
}

/// <summary>The attributes' names as questions, captions and answers spell them.</summary>
public static class SceneNames
{
    private static readonly string[] Shapes = ["circle", "square", "triangle", "cross"];
    private static readonly string[] PluralShapes = ["circles", "squares", "triangles", "crosses"];
    private static readonly string[] Colors = ["red", "green", "blue", "yellow", "purple", "cyan"];
    private static readonly string[] Sizes = ["small", "large"];
    private static readonly string[] Backgrounds = ["black", "gray", "white"];
    private static readonly string[] Positions = ["top left", "top right", "bottom left", "bottom right"];

    /// <summary>For example "circle".</summary>
    public static string Name(this SceneShape shape) => Shapes[(int)shape];

    /// <summary>For example "circles".</summary>
    public static string Plural(this SceneShape shape) => PluralShapes[(int)shape];

    /// <summary>For example "red".</summary>
    public static string Name(this SceneColor color) => Colors[(int)color];

    /// <summary>"small" or "large".</summary>
    public static string Name(this SceneSize size) => Sizes[(int)size];

    /// <summary>"black", "gray" or "white".</summary>
    public static string Name(this SceneBackground background) => Backgrounds[(int)background];

    /// <summary>For example "top left".</summary>
    public static string Name(this ScenePosition position) => Positions[(int)position];
}
