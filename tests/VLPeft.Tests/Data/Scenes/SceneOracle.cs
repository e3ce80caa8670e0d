using System.Text.RegularExpressions;

namespace VLPeft.Tests.Data.Scenes;

/// <summary>
/// Answers questions from their words and a scene's attributes as text: a second implementation that shares nothing with the generator.
/// Throws when a question has no answer or more than one.
/// </summary>
internal static class SceneOracle
{
    public sealed record Thing(string Position, string Shape, string Color, string Size);

    private static readonly string[] Colors = ["red", "green", "blue", "yellow", "purple", "cyan"];

    private static readonly (string Type, string Pattern)[] Patterns =
    [
        ("existence", "^(?:is there|does this image contain|can you see) a (.+)\\?$"),
        ("comparison", "^(?:are there|does the picture show) more (.+) than (.+)\\?$"),
        ("comparison", "^do (.+) outnumber (.+)\\?$"),
        ("count", "^how many (.+) (?:are there|does the picture show)\\?$"),
        ("count", "^what is the number of (.+)\\?$"),
        ("background", "^(?:what color is the background|which color fills the background|which color lies behind the objects)\\?$"),
        ("color", "^(?:what color is|what is the color of) the (.+)\\?$"),
        ("color", "^which color does the (.+) have\\?$"),
        ("shape", "^(?:what shape is|what is the shape of) the (.+)\\?$"),
        ("shape", "^which shape does the (.+) have\\?$"),
        ("what", "^(?:what is at|what can you find at) the (.+)\\?$"),
        ("what", "^which object is in the (.+) corner\\?$"),
        ("where", "^(?:where is|in which corner is|what is the location of) the (.+)\\?$"),
        ("size", "^(?:what size is|how big is) the (.+)\\?$"),
        ("size", "^is the (.+) large or small\\?$"),
    ];

    public static (string Type, string Answer) Answer(string question, string background, IReadOnlyList<Thing> things)
    {
        (string type, Match match) = Patterns.Select(each => (each.Type, Match: Regex.Match(question, each.Pattern)))
            .First(each => each.Match.Success);
        Thing[] Meant(int group) => [.. things.Where(thing => Fits(match.Groups[group].Value, thing))];
        string answer = type switch
        {
            "existence" => Meant(1).Length > 0 ? "yes" : "no",
            "comparison" => Meant(1).Length > Meant(2).Length ? "yes" : "no",
            "count" => Meant(1).Length.ToString(),
            "background" => background,
            "color" => Meant(1).Single().Color,
            "shape" => Meant(1).Single().Shape,
            "what" => things.Single(thing => thing.Position == match.Groups[1].Value).Shape,
            "where" => Meant(1).Single().Position,
            _ => Meant(1).Single().Size,
        };
        return (type, answer);
    }

    public static bool Fits(string phrase, Thing thing)
    {
        string[] parts = phrase.Split(" at the ");
        bool fits = parts.Length == 1 || parts[1] == thing.Position;
        foreach (string word in parts[0].Split(' '))
        {
            fits &= word switch
            {
                "object" or "objects" => true,
                "small" or "large" => word == thing.Size,
                _ when Colors.Contains(word) => word == thing.Color,
                "crosses" => thing.Shape == "cross",
                _ => word == thing.Shape || word == thing.Shape + "s",
            };
        }
        return fits;
    }
}
