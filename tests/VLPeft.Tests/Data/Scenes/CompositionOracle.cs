using System.Text.RegularExpressions;

namespace VLPeft.Tests.Data.Scenes;

/// <summary>Answers compositional questions, and judges statements about two pictures, from their words alone: shares nothing with the generator.</summary>
internal static partial class CompositionOracle
{
    private static readonly string[] Colors = ["red", "green", "blue", "yellow", "purple", "cyan"];
    private static readonly string[] Numbers = ["no", "one", "two", "three", "four"];

    public static string Answer(string question, IReadOnlyList<SceneOracle.Thing> things)
    {
        SceneOracle.Thing[] All(string phrase) => [.. things.Where(thing => SceneOracle.Fits(phrase, thing))];
        if (Query().Match(question) is { Success: true } query)
            return Attribute(query.Groups[1].Value, All(query.Groups[2].Value).Single(thing => Lies(thing, query.Groups[3].Value, All(query.Groups[4].Value).Single())));
        if (Verify().Match(question) is { Success: true } verify)
            return YesNo(All(verify.Groups[1].Value).Any(thing => Lies(thing, verify.Groups[2].Value, All(verify.Groups[3].Value).Single())));
        if (Compare().Match(question) is { Success: true } compare)
        {
            string attribute = compare.Groups[3].Value;
            return YesNo(Attribute(attribute, All(compare.Groups[1].Value).Single()) == Attribute(attribute, All(compare.Groups[2].Value).Single()));
        }
        if (Logical().Match(question) is { Success: true } logical)
        {
            (bool one, bool other) = (All(logical.Groups[1].Value).Length > 0, All(logical.Groups[3].Value).Length > 0);
            return YesNo(logical.Groups[2].Value == "and" ? one && other : one || other);
        }
        Match choose = Choose().Match(question);
        string[] values = [choose.Groups[2].Value, choose.Groups[3].Value];
        return values.Single(Attribute(Colors.Contains(values[0]) ? "color" : "shape", All(choose.Groups[1].Value).Single()).Equals);
    }

    public static bool Judge(
        string statement, (string Background, IReadOnlyList<SceneOracle.Thing> Things) left, (string Background, IReadOnlyList<SceneOracle.Thing> Things) right)
    {
        int Left(string phrase) => left.Things.Count(thing => SceneOracle.Fits(phrase, thing));
        int Right(string phrase) => right.Things.Count(thing => SceneOracle.Fits(phrase, thing));
        if (statement == "the two pictures have the same background")
            return left.Background == right.Background;
        if (Each().Match(statement) is { Success: true } each)
            return Left(each.Groups[1].Value) > 0 && Right(each.Groups[2].Value) > 0;
        if (More().Match(statement) is { Success: true } more)
            return more.Groups[1].Value == "left" ? Left(more.Groups[2].Value) > Right(more.Groups[2].Value) : Right(more.Groups[2].Value) > Left(more.Groups[2].Value);
        if (SameNumber().Match(statement) is { Success: true } same)
            return Left(same.Groups[1].Value) == Right(same.Groups[1].Value);
        if (Together().Match(statement) is { Success: true } together)
            return Left(together.Groups[2].Value) + Right(together.Groups[2].Value) == Array.IndexOf(Numbers, together.Groups[1].Value);
        Match have = Have().Match(statement);
        int pictures = (Left(have.Groups[2].Value) > 0 ? 1 : 0) + (Right(have.Groups[2].Value) > 0 ? 1 : 0);
        return pictures == have.Groups[1].Value switch { "both pictures have" => 2, "only one picture has" => 1, "no picture has" => 0, _ => throw new FormatException(statement) };
    }

    private static string Attribute(string name, SceneOracle.Thing thing) => name switch { "color" => thing.Color, "shape" => thing.Shape, _ => thing.Size };

    private static bool Lies(SceneOracle.Thing thing, string relation, SceneOracle.Thing from)
    {
        string[] one = thing.Position.Split(' '), other = from.Position.Split(' ');
        return relation switch
        {
            "left of" => (one[1], other[1]) == ("left", "right"),
            "right of" => (one[1], other[1]) == ("right", "left"),
            "above" => (one[0], other[0]) == ("top", "bottom"),
            _ => (one[0], other[0]) == ("bottom", "top"),
        };
    }

    private static string YesNo(bool yes) => yes ? "yes" : "no";

    [GeneratedRegex(@"^what (color|shape|size) is the (.+) (left of|right of|above|below) the (.+)\?$")]
    private static partial Regex Query();

    [GeneratedRegex(@"^is there a (.+) (left of|right of|above|below) the (.+)\?$")]
    private static partial Regex Verify();

    [GeneratedRegex(@"^do the (.+) and the (.+) have the same (.+)\?$")]
    private static partial Regex Compare();

    [GeneratedRegex(@"^is there a (.+) (and|or) a (.+)\?$")]
    private static partial Regex Logical();

    [GeneratedRegex(@"^is the (.+?) (?:a )?(\w+) or (?:a )?(\w+)\?$")]
    private static partial Regex Choose();

    [GeneratedRegex("^the left picture has a (.+) and the right picture has a (.+)$")]
    private static partial Regex Each();

    [GeneratedRegex("^the (left|right) picture has more (.+) than the (?:left|right) picture$")]
    private static partial Regex More();

    [GeneratedRegex("^the two pictures have the same number of (.+)$")]
    private static partial Regex SameNumber();

    [GeneratedRegex("^there (?:is|are) (one|two|three|four) (.+) in the two pictures$")]
    private static partial Regex Together();

    [GeneratedRegex("^(both pictures have|only one picture has|no picture has) a (.+)$")]
    private static partial Regex Have();
}
