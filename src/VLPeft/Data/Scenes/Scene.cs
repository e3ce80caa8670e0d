namespace VLPeft.Data.Scenes;

/// <summary>One object of a scene.</summary>
/// <param name="Shape">What it is.</param>
/// <param name="Color">Its colour.</param>
/// <param name="Size">Its size.</param>
/// <param name="JitterX">How far it sits to the right of its cell's centre, in 1/16 pixel, from -16 to 16.</param>
/// <param name="JitterY">How far it sits below its cell's centre, in 1/16 pixel, from -16 to 16.</param>
public sealed record SceneObject(SceneShape Shape, SceneColor Color, SceneSize Size, int JitterX = 0, int JitterY = 0)
{
    /// <summary>The largest jitter on either axis: one pixel.</summary>
    public const int MaximumJitter = 16;
}

/// <summary>
/// A scene's whole discrete description as a number: the background and, for each cell, nothing or shape, colour and size. Jitter and
/// noise are no part of it, so two pictures with the same key show the same scene.
/// </summary>
/// <param name="Value">From 0 to 3·49⁴ - 1.</param>
public readonly record struct SceneKey(int Value);

/// <summary>What a picture shows: a background and one to four objects, at most one in each cell of a 2×2 grid.</summary>
public sealed class Scene
{
    /// <summary>Cells of the grid.</summary>
    public const int CellCount = 4;

    private readonly SceneObject?[] _cells;

    /// <summary>A scene of the given cells.</summary>
    /// <param name="background">The colour behind the objects.</param>
    /// <param name="cells">Four cells in the order of <see cref="ScenePosition"/>; null is an empty cell.</param>
    /// <exception cref="ArgumentException">
    /// There are not four cells, all are empty, or an object sits more than a pixel from its cell's centre.
    /// </exception>
    public Scene(SceneBackground background, params ReadOnlySpan<SceneObject?> cells)
    {
        if (cells.Length != CellCount)
            throw new ArgumentException($"A scene has {CellCount} cells, not {cells.Length}.", nameof(cells));
        Background = background;
        _cells = cells.ToArray();
        Count = _cells.Count(cell => cell is not null);
        if (Count == 0)
            throw new ArgumentException("A scene has at least one object.", nameof(cells));
        if (_cells.Any(cell => cell is not null && (IsTooFar(cell.JitterX) || IsTooFar(cell.JitterY))))
            throw new ArgumentException($"An object's jitter is at most {SceneObject.MaximumJitter}/16 pixel.", nameof(cells));
        Key = KeyOf(background, _cells);
    }

    /// <summary>The colour behind the objects.</summary>
    public SceneBackground Background { get; }

    /// <summary>How many objects there are, 1 to 4.</summary>
    public int Count { get; }

    /// <summary>The discrete description.</summary>
    public SceneKey Key { get; }

    /// <summary>The object in a cell, or null when the cell is empty.</summary>
    public SceneObject? this[ScenePosition position] => _cells[(int)position];

    /// <summary>The objects with their positions, in reading order.</summary>
    public IEnumerable<(ScenePosition Position, SceneObject Object)> Objects
    {
        get
        {
            for (int cell = 0; cell < CellCount; cell++)
            {
                if (_cells[cell] is { } found)
                    yield return ((ScenePosition)cell, found);
            }
        }
    }

    private static bool IsTooFar(int jitter) => Math.Abs(jitter) > SceneObject.MaximumJitter;

    private static SceneKey KeyOf(SceneBackground background, SceneObject?[] cells)
    {
        int value = (int)background;
        foreach (SceneObject? cell in cells)
        {
            int code = cell is null ? 0 : 1 + (int)cell.Shape + 4 * ((int)cell.Color + 6 * (int)cell.Size);
            value = value * 49 + code;
        }
        return new SceneKey(value);
    }
}
