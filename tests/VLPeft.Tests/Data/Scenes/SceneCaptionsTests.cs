using VLPeft.Data.Scenes;
using Xunit;

namespace VLPeft.Tests.Data.Scenes;

public class SceneCaptionsTests
{
    private static readonly Scene Three = new(SceneBackground.Gray,
        new SceneObject(SceneShape.Circle, SceneColor.Red, SceneSize.Large),
        new SceneObject(SceneShape.Cross, SceneColor.Cyan, SceneSize.Small),
        null, new SceneObject(SceneShape.Square, SceneColor.Blue, SceneSize.Small));

    [Theory]
    [InlineData(0, "a red circle at the top left and a cyan cross at the top right and a blue square at the bottom right")]
    [InlineData(1, "the top left has a large red circle and the top right has a small cyan cross "
        + "and the bottom right has a small blue square")]
    [InlineData(2, "a picture of three objects on a gray background with a red circle and a cyan cross and a blue square")]
    [InlineData(3, "there is a red circle in the top left corner and a cyan cross in the top right corner "
        + "and a blue square in the bottom right corner")]
    [InlineData(4, "the top row has a red circle on the left and a cyan cross on the right "
        + "while the bottom row has a blue square on the right")]
    public void Styles(int style, string expected) => Assert.Equal(expected, SceneCaptions.Write(Three, style));

    [Fact]
    public void One_object_and_an_empty_row()
    {
        var triangle = new SceneObject(SceneShape.Triangle, SceneColor.Green, SceneSize.Small);
        var scene = new Scene(SceneBackground.Black, null, null, triangle, null);
        Assert.Equal("a picture of one object on a black background with a green triangle", SceneCaptions.Write(scene, 2));
        Assert.Equal("the top row is empty while the bottom row has a green triangle on the left", SceneCaptions.Write(scene, 4));
    }

    [Fact]
    public void Captions_are_at_most_37_words()
    {
        SceneObject item = Three[ScenePosition.TopLeft]!;
        var full = new Scene(SceneBackground.White, item, item, item, item);
        Assert.Equal(37, Enumerable.Range(0, SceneCaptions.StyleCount).Max(style => SceneCaptions.Write(full, style).Split(' ').Length));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(5)]
    public void There_is_no_other_style(int style) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => SceneCaptions.Write(Three, style));
}
