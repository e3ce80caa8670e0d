namespace VLPeft.Data.Scenes;

/// <summary>A statement about two pictures.</summary>
/// <param name="Text">Lower-case words without punctuation; at most 15.</param>
/// <param name="Holds">Whether it is true of the left and the right scene.</param>
internal sealed record SceneStatement(string Text, Func<Scene, Scene, bool> Holds);

/// <summary>One statement with a pair of pictures that it is true of, or not.</summary>
/// <param name="Left">The left picture's place among the split's.</param>
/// <param name="Right">The right one's.</param>
/// <param name="Label">Whether the statement is true of them.</param>
internal readonly record struct ScenePair(int Left, int Right, bool Label);

/// <summary>Draws statements in the manner of NLVR2: about what two pictures have, alone and together.</summary>
internal static class SceneStatements
{
    /// <summary>Pairs of a statement: it is true of half of them.</summary>
    public const int PairsPerStatement = 4;

    private const int DrawsOfPairs = 400, DrawsOfStatements = 100;
    private static readonly string[] Numbers = ["one", "two", "three", "four"];
    private static readonly SceneFilter[][] SingleFamilies = [SceneFilters.Shapes, SceneFilters.Colors, SceneFilters.ColorShapes];
    private static readonly SceneFilter[][] CountedFamilies = [SceneFilters.Objects, SceneFilters.Shapes, SceneFilters.Colors];

    private static readonly Func<SceneRandom, SceneStatement>[] Forms = [Both, OnlyOne, Neither, EachItsOwn, MoreLeft, SameNumber, Together, SameBackground];

    // Few words to vary, so that its statements come again and again.
    private static readonly int[] Weights = [4, 4, 3, 4, 4, 3, 4, 1];

    /// <summary>A statement.</summary>
    public static SceneStatement Draw(SceneRandom random) => Forms[random.PickWeighted(Weights)](random);

    /// <summary>A statement with pairs of scenes, true of half of them; null when there are too few scenes for any.</summary>
    public static (SceneStatement Statement, ScenePair[] Pairs)? DrawSet(IReadOnlyList<Scene> scenes, SceneRandom random)
    {
        for (int draw = 0; draw < DrawsOfStatements; draw++)
        {
            SceneStatement statement = Draw(random);
            ScenePair[] pairs = DrawPairs(statement, scenes, random);
            if (pairs.Length < PairsPerStatement)
                continue;
            random.Shuffle(pairs.AsSpan());
            return (statement, pairs);
        }
        return null;
    }

    private static ScenePair[] DrawPairs(SceneStatement statement, IReadOnlyList<Scene> scenes, SceneRandom random)
    {
        const int each = PairsPerStatement / 2;
        List<ScenePair> pairs = [];
        int holding = 0;
        for (int draw = 0; draw < DrawsOfPairs && pairs.Count < PairsPerStatement; draw++)
        {
            (int left, int right) = (random.Next(scenes.Count), random.Next(scenes.Count));
            bool label = statement.Holds(scenes[left], scenes[right]);
            if (left == right || (label ? holding : pairs.Count - holding) == each || pairs.Any(pair => (pair.Left, pair.Right) == (left, right)))
                continue;
            pairs.Add(new ScenePair(left, right, label));
            holding += label ? 1 : 0;
        }
        return [.. pairs];
    }

    private static SceneStatement Both(SceneRandom random)
    {
        SceneFilter filter = Single(random);
        return new($"both pictures have a {filter.Singular}", (left, right) => Has(left, filter) && Has(right, filter));
    }

    private static SceneStatement OnlyOne(SceneRandom random)
    {
        SceneFilter filter = Single(random);
        return new($"only one picture has a {filter.Singular}", (left, right) => Has(left, filter) != Has(right, filter));
    }

    private static SceneStatement Neither(SceneRandom random)
    {
        SceneFilter filter = random.Pick(random.Pick(SingleFamilies[..2])); // hardly any picture has a thing of one shape and colour
        return new($"no picture has a {filter.Singular}", (left, right) => !Has(left, filter) && !Has(right, filter));
    }

    private static SceneStatement EachItsOwn(SceneRandom random)
    {
        (SceneFilter one, SceneFilter other) = (Single(random), Single(random));
        return new($"the left picture has a {one.Singular} and the right picture has a {other.Singular}",
            (left, right) => Has(left, one) && Has(right, other));
    }

    private static SceneStatement MoreLeft(SceneRandom random)
    {
        SceneFilter filter = random.Pick(random.Pick(CountedFamilies));
        bool isLeft = random.NextBool();
        (string more, string less) = isLeft ? ("left", "right") : ("right", "left");
        return new($"the {more} picture has more {filter.Plural} than the {less} picture",
            (left, right) => isLeft ? filter.CountIn(left) > filter.CountIn(right) : filter.CountIn(right) > filter.CountIn(left));
    }

    private static SceneStatement SameNumber(SceneRandom random)
    {
        SceneFilter filter = random.Pick(random.Pick(CountedFamilies));
        return new($"the two pictures have the same number of {filter.Plural}", (left, right) => filter.CountIn(left) == filter.CountIn(right));
    }

    private static SceneStatement Together(SceneRandom random)
    {
        SceneFilter filter = random.Pick(random.Pick(CountedFamilies));
        int number = 1 + random.Next(Numbers.Length);
        string counted = number == 1 ? $"is one {filter.Singular}" : $"are {Numbers[number - 1]} {filter.Plural}";
        return new($"there {counted} in the two pictures", (left, right) => filter.CountIn(left) + filter.CountIn(right) == number);
    }

    private static SceneStatement SameBackground(SceneRandom random) =>
        new("the two pictures have the same background", (left, right) => left.Background == right.Background);

    private static SceneFilter Single(SceneRandom random) => random.Pick(random.Pick(SingleFamilies));

    private static bool Has(Scene scene, SceneFilter filter) => filter.CountIn(scene) > 0;
}
