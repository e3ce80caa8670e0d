namespace VLPeft.Data.Scenes;

/// <summary>
/// Draws questions that take two steps through a scene (find an object, go to another; compare two; join two statements), each with one
/// right answer. Yes and no are equally likely wherever a scene allows both.
/// </summary>
internal static class SceneCompositions
{
    private const int DrawsForAQuestion = 12, DrawsForAnAnswer = 8;
    private static readonly int[] Weights = [4, 2, 2, 2, 2]; // in the order of SceneCompositionType
    private static readonly SceneFilter[][] AnchorFamilies = [SceneFilters.Shapes, SceneFilters.Colors, SceneFilters.ColorShapes];
    private static readonly SceneFilter[][] ThingFamilies = [SceneFilters.Objects, SceneFilters.Shapes, SceneFilters.Colors];

    /// <summary>
    /// Questions about a scene, no two of the same words: <paramref name="count"/> of them, or fewer where the scene has no more to ask.
    /// </summary>
    /// <param name="scene">What the picture shows.</param>
    /// <param name="count">At least 1.</param>
    /// <param name="random">The source of all choices.</param>
    public static IReadOnlyList<SceneComposition> Draw(Scene scene, int count, SceneRandom random)
    {
        ArgumentNullException.ThrowIfNull(scene);
        ArgumentNullException.ThrowIfNull(random);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var asked = new HashSet<string>(StringComparer.Ordinal);
        var questions = new List<SceneComposition>(count);
        for (int draw = 0; draw < count * DrawsForAQuestion && questions.Count < count; draw++)
        {
            if (DrawOne((SceneCompositionType)random.PickWeighted(Weights), scene, random) is { } question && asked.Add(question.Text))
                questions.Add(question);
        }
        return questions;
    }

    private static SceneComposition? DrawOne(SceneCompositionType type, Scene scene, SceneRandom random) => type switch
    {
        SceneCompositionType.Query => Query(scene, random),
        SceneCompositionType.Verify => WithAnswer(random, yes => Verify(scene, yes, random)),
        SceneCompositionType.Compare => WithAnswer(random, yes => Compare(scene, yes, random)),
        SceneCompositionType.Logical => WithAnswer(random, yes => Logical(scene, yes, random)),
        _ => Choose(scene, random),
    };

    // The answer is picked first and kept to: fewer phrases fit "yes".
    private static SceneComposition? WithAnswer(SceneRandom random, Func<bool, SceneComposition?> draw)
    {
        bool yes = random.NextBool();
        SceneComposition? question = null;
        for (int i = 0; i < DrawsForAnAnswer && question is null; i++)
            question = draw(yes);
        return question;
    }

    private static SceneComposition? Query(Scene scene, SceneRandom random)
    {
        if (DrawAnchor(scene, random) is not { } anchor)
            return null;
        SceneRelation relation = random.Pick(SceneRelations.All);
        SceneFilter thing = random.Pick(random.Pick(ThingFamilies));
        (ScenePosition, SceneObject Object)[] found = Related(scene, thing, relation, anchor);
        if (found.Length != 1)
            return null;
        SceneObject item = found[0].Object;
        (string asked, string answer)[] open =
        [
            .. thing.Color is null ? new[] { ("color", item.Color.Name()) } : [],
            .. thing.Shape is null ? new[] { ("shape", item.Shape.Name()) } : [],
            ("size", item.Size.Name()),
        ];
        (string attribute, string value) = random.Pick(open);
        return new(SceneCompositionType.Query, $"what {attribute} is the {thing.Singular} {relation.Name()} the {anchor.Filter.Singular}?", value);
    }

    private static SceneComposition? Verify(Scene scene, bool yes, SceneRandom random)
    {
        if (DrawAnchor(scene, random) is not { } anchor)
            return null;
        SceneRelation relation = random.Pick(SceneRelations.All);
        SceneFilter[] fitting = [.. random.Pick(ThingFamilies[1..]).Where(thing => Related(scene, thing, relation, anchor).Length > 0 == yes)];
        return fitting.Length == 0 ? null : new(SceneCompositionType.Verify,
            $"is there a {random.Pick(fitting).Singular} {relation.Name()} the {anchor.Filter.Singular}?", YesNo(yes));
    }

    private static SceneComposition? Compare(Scene scene, bool yes, SceneRandom random)
    {
        if (DrawAnchor(scene, random) is not { } one || DrawAnchor(scene, random) is not { } other || one.Position == other.Position)
            return null;
        (string attribute, bool same, bool isSaid)[] attributes =
        [
            ("color", one.Object.Color == other.Object.Color, one.Filter.Color is not null && other.Filter.Color is not null),
            ("shape", one.Object.Shape == other.Object.Shape, one.Filter.Shape is not null && other.Filter.Shape is not null),
            ("size", one.Object.Size == other.Object.Size, false),
        ];
        // What the words say themselves is no question.
        string[] fitting = [.. attributes.Where(each => !each.isSaid && each.same == yes).Select(each => each.attribute)];
        return fitting.Length == 0 ? null : new(SceneCompositionType.Compare,
            $"do the {one.Filter.Singular} and the {other.Filter.Singular} have the same {random.Pick(fitting)}?", YesNo(yes));
    }

    private static SceneComposition? Logical(Scene scene, bool yes, SceneRandom random)
    {
        bool isAnd = random.NextBool();
        SceneFilter[] family = random.Pick(AnchorFamilies);
        SceneFilter[] there = [.. family.Where(filter => filter.CountIn(scene) > 0)], absent = [.. family.Except(there)];
        // One of each kind leaves the answer to the joining word.
        bool mixed = yes != isAnd;
        SceneFilter[] first = mixed ? there : yes ? there : absent, second = mixed ? absent : yes ? there : absent;
        if (first.Length == 0 || second.Length == 0)
            return null;
        (SceneFilter one, SceneFilter other) = (random.Pick(first), random.Pick(second));
        if (one == other)
            return null;
        if (random.NextBool())
            (one, other) = (other, one);
        return new(SceneCompositionType.Logical, $"is there a {one.Singular} {(isAnd ? "and" : "or")} a {other.Singular}?", YesNo(yes));
    }

    private static SceneComposition? Choose(Scene scene, SceneRandom random)
    {
        if (DrawAnchor(scene, random) is not { } anchor)
            return null;
        bool byColor = anchor.Filter.Color is null && (anchor.Filter.Shape is not null || random.NextBool());
        if (!byColor && anchor.Filter.Shape is not null)
            return null;
        string right = byColor ? anchor.Object.Color.Name() : anchor.Object.Shape.Name();
        string wrong = random.Pick([.. SceneAnswers.OfKind(byColor ? SceneAnswerKind.Color : SceneAnswerKind.Shape).Where(value => value != right)]);
        (string first, string second) = random.NextBool() ? (right, wrong) : (wrong, right);
        string article = byColor ? "" : "a ";
        return new(SceneCompositionType.Choose, $"is the {anchor.Filter.Singular} {article}{first} or {article}{second}?", right);
    }

    // The object that the rest of the question starts from: a phrase that fits no other.
    private readonly record struct Anchor(SceneFilter Filter, ScenePosition Position, SceneObject Object);

    private static Anchor? DrawAnchor(Scene scene, SceneRandom random)
    {
        SceneFilter[] fitting = [.. random.Pick(AnchorFamilies).Where(filter => filter.CountIn(scene) == 1)];
        if (fitting.Length == 0)
            return null;
        SceneFilter picked = random.Pick(fitting);
        (ScenePosition position, SceneObject item) = scene.Objects.First(each => picked.Matches(each.Position, each.Object));
        return new Anchor(picked, position, item);
    }

    private static (ScenePosition, SceneObject Object)[] Related(Scene scene, SceneFilter thing, SceneRelation relation, Anchor anchor) =>
        [.. scene.Objects.Where(each => thing.Matches(each.Position, each.Object) && relation.Holds(each.Position, anchor.Position))];

    private static string YesNo(bool yes) => yes ? "yes" : "no";
}
