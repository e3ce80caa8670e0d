namespace VLPeft.Data.Scenes;

/// <summary>Captions in five styles; objects are named in reading order.</summary>
public static class SceneCaptions
{
    /// <summary>How many styles there are.</summary>
    public const int StyleCount = 5;

    private static readonly string[] Numbers = ["one object", "two objects", "three objects", "four objects"];

    /// <summary>
    /// The caption of a scene in one style: 0 "a red circle at the top left and …", 1 "the top left has a large red circle and …", 2 "a
    /// picture of two objects on a black background with a red circle and …", 3 "there is a red circle in the top left corner and …",
    /// 4 "the top row has a red circle on the left while the bottom row is empty". At most 37 words, no punctuation.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="style"/> is not from 0 to 4.</exception>
    public static string Write(Scene scene, int style)
    {
        ArgumentNullException.ThrowIfNull(scene);
        return style switch
        {
            0 => Join(scene.Objects.Select(each => $"{Name(each.Object)} at the {each.Position.Name()}")),
            1 => Join(scene.Objects.Select(each => $"the {each.Position.Name()} has {NameWithSize(each.Object)}")),
            2 => $"a picture of {Numbers[scene.Count - 1]} on a {scene.Background.Name()} background with "
                + Join(scene.Objects.Select(each => Name(each.Object))),
            3 => "there is " + Join(scene.Objects.Select(each => $"{Name(each.Object)} in the {each.Position.Name()} corner")),
            4 => $"{Row(scene, "top", ScenePosition.TopLeft)} while {Row(scene, "bottom", ScenePosition.BottomLeft)}",
            _ => throw new ArgumentOutOfRangeException(nameof(style), style, $"Styles go from 0 to {StyleCount - 1}."),
        };
    }

    private static string Row(Scene scene, string name, ScenePosition first)
    {
        SceneObject?[] row = [scene[first], scene[first + 1]];
        if (row is [null, null])
            return $"the {name} row is empty";
        string[] sides = ["left", "right"];
        return $"the {name} row has "
            + Join(row.Zip(sides).Where(each => each.First is not null).Select(each => $"{Name(each.First!)} on the {each.Second}"));
    }

    private static string Name(SceneObject item) => $"a {item.Color.Name()} {item.Shape.Name()}";

    private static string NameWithSize(SceneObject item) => $"a {item.Size.Name()} {item.Color.Name()} {item.Shape.Name()}";

    private static string Join(IEnumerable<string> parts) => string.Join(" and ", parts);
}
