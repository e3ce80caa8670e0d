namespace VLPeft.Data.Scenes;

/// <summary>
/// Draws questions whose answer is unambiguous. The answers to one wording are kept as even as scenes allow (yes as often as no, each
/// colour as often as another), so that the wording alone tells little.
/// </summary>
public static class SceneQuestions
{
    /// <summary>The most questions that can be asked about one scene.</summary>
    public const int MaximumPerScene = 12;

    // In the order of SceneQuestionType. Backgrounds and sizes are few, so that their questions are answered best without a picture.
    private static readonly int[] Weights = [3, 4, 8, 3, 3, 3, 3, 1, 1];
    private static readonly SceneFilter[][] ExistenceFamilies = [SceneFilters.Shapes, SceneFilters.Colors, SceneFilters.ColorShapes];
    private static readonly SceneFilter[][] CountFamilies = [SceneFilters.Objects, SceneFilters.Shapes, SceneFilters.Colors];
    private static readonly SceneFilter[][] ColorFamilies = [SceneFilters.Shapes, SceneFilters.SizeShapes, SceneFilters.Positions];
    private static readonly SceneFilter[][] ShapeFamilies = [SceneFilters.Colors, SceneFilters.SizeColors];
    private static readonly SceneFilter[][] WhereFamilies = [SceneFilters.Shapes, SceneFilters.Colors, SceneFilters.ColorShapes];
    private static readonly SceneFilter[][] SizeFamilies =
        [SceneFilters.Shapes, SceneFilters.Colors, SceneFilters.ColorShapes, SceneFilters.Positions];
    private static readonly SceneFilter[][] ComparisonFamilies = [SceneFilters.Shapes, SceneFilters.Colors];

    /// <summary>Questions about a scene, no two with the same meaning; no type comes again before all have come.</summary>
    /// <param name="scene">What the picture shows.</param>
    /// <param name="count">From 1 to <see cref="MaximumPerScene"/>.</param>
    /// <param name="random">The source of all choices.</param>
    public static IReadOnlyList<SceneQuestion> Draw(Scene scene, int count, SceneRandom random)
    {
        ArgumentNullException.ThrowIfNull(scene);
        ArgumentNullException.ThrowIfNull(random);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, MaximumPerScene);
        var asked = new HashSet<Meaning>();
        var questions = new List<SceneQuestion>(count);
        while (true)
        {
            foreach (SceneQuestionType type in DrawOrder(random))
            {
                if (DrawOne(type, scene, random) is not { } drawn || !asked.Add(drawn.Meaning))
                    continue;
                string text = SceneTemplates.Word(type, drawn.Meaning.Of, drawn.Meaning.Than, random.Next(SceneTemplates.Paraphrases));
                questions.Add(new SceneQuestion(type, text, drawn.Answer));
                if (questions.Count == count)
                    return questions;
            }
        }
    }

    /// <summary>All types; each is next with a probability proportional to its weight among those left.</summary>
    private static SceneQuestionType[] DrawOrder(SceneRandom random)
    {
        int[] left = [.. Weights];
        var order = new SceneQuestionType[left.Length];
        for (int i = 0; i < order.Length; i++)
        {
            int type = random.PickWeighted(left);
            order[i] = (SceneQuestionType)type;
            left[type] = 0;
        }
        return order;
    }

    // What is asked, whatever the wording.
    private readonly record struct Meaning(SceneQuestionType Type, SceneFilter Of, SceneFilter Than = default);

    private readonly record struct Drawn(Meaning Meaning, string Answer);

    private static Drawn? DrawOne(SceneQuestionType type, Scene scene, SceneRandom random) => type switch
    {
        SceneQuestionType.Existence => DrawExistence(scene, random),
        SceneQuestionType.Count => DrawCount(scene, random),
        SceneQuestionType.Color => DrawAboutOne(type, ColorFamilies, scene, random, (_, item) => item.Color.Name()),
        SceneQuestionType.Shape => DrawAboutOne(type, ShapeFamilies, scene, random, (_, item) => item.Shape.Name()),
        SceneQuestionType.What => DrawAboutOne(type, [SceneFilters.Positions], scene, random, (_, item) => item.Shape.Name()),
        SceneQuestionType.Where => DrawAboutOne(type, WhereFamilies, scene, random, (position, _) => position.Name()),
        SceneQuestionType.Comparison => DrawComparison(scene, random),
        SceneQuestionType.Background => new Drawn(new Meaning(type, default), scene.Background.Name()),
        _ => DrawAboutOne(type, SizeFamilies, scene, random, (_, item) => item.Size.Name()),
    };

    private static Drawn? DrawExistence(Scene scene, SceneRandom random)
    {
        bool yes = random.NextBool();
        foreach (SceneFilter[] family in Shuffled(ExistenceFamilies, random))
        {
            SceneFilter[] fitting = [.. family.Where(filter => filter.CountIn(scene) > 0 == yes)];
            if (fitting.Length > 0)
                return new Drawn(new Meaning(SceneQuestionType.Existence, random.Pick(fitting)), YesNo(yes));
        }
        return null;
    }

    // The number is picked before the objects, and rare numbers more often: otherwise most answers about a shape or colour would be 0.
    private static Drawn? DrawCount(Scene scene, SceneRandom random)
    {
        SceneFilter[] family = random.Pick(CountFamilies);
        int[] counts = [.. family.Select(filter => filter.CountIn(scene))];
        int[] numbers = [.. counts.Distinct()];
        int picked = numbers[random.PickWeighted([.. numbers.Select(number => number < 2 ? 1 : 2)])];
        SceneFilter[] fitting = [.. family.Where((_, i) => counts[i] == picked)];
        return new Drawn(new Meaning(SceneQuestionType.Count, random.Pick(fitting)), picked.ToString());
    }

    private static Drawn? DrawComparison(Scene scene, SceneRandom random)
    {
        bool yes = random.NextBool();
        foreach (SceneFilter[] family in Shuffled(ComparisonFamilies, random))
        {
            Meaning[] fitting = [.. Comparisons(family, scene, yes)];
            if (fitting.Length > 0)
                return new Drawn(random.Pick(fitting), YesNo(yes));
        }
        return null;
    }

    private static IEnumerable<Meaning> Comparisons(SceneFilter[] family, Scene scene, bool isMore)
    {
        int[] counts = [.. family.Select(filter => filter.CountIn(scene))];
        for (int of = 0; of < family.Length; of++)
        {
            for (int than = 0; than < family.Length; than++)
            {
                // Two kinds of which there is none would be an odd thing to compare.
                if (of != than && counts[of] + counts[than] > 0 && counts[of] > counts[than] == isMore)
                    yield return new Meaning(SceneQuestionType.Comparison, family[of], family[than]);
            }
        }
    }

    /// <summary>A question about the one object that fits a phrase; null when no phrase of the families fits exactly one.</summary>
    private static Drawn? DrawAboutOne(
        SceneQuestionType type, SceneFilter[][] families, Scene scene, SceneRandom random, Func<ScenePosition, SceneObject, string> answer)
    {
        foreach (SceneFilter[] family in Shuffled(families, random))
        {
            SceneFilter[] fitting = [.. family.Where(filter => filter.CountIn(scene) == 1)];
            if (fitting.Length == 0)
                continue;
            SceneFilter picked = random.Pick(fitting);
            (ScenePosition position, SceneObject item) = scene.Objects.First(each => picked.Matches(each.Position, each.Object));
            return new Drawn(new Meaning(type, picked), answer(position, item));
        }
        return null;
    }

    private static SceneFilter[][] Shuffled(SceneFilter[][] families, SceneRandom random)
    {
        SceneFilter[][] order = [.. families];
        random.Shuffle<SceneFilter[]>(order);
        return order;
    }

    private static string YesNo(bool yes) => yes ? "yes" : "no";
}
