namespace VLPeft.Data.Scenes;

/// <summary>What kind of thing an answer names; annotators confuse answers of one kind only.</summary>
public enum SceneAnswerKind
{
    /// <summary>"yes", "no".</summary>
    YesNo,

    /// <summary>"0" to "4".</summary>
    Number,

    /// <summary>An object's colour.</summary>
    Color,

    /// <summary>An object's shape.</summary>
    Shape,

    /// <summary>A cell.</summary>
    Position,

    /// <summary>The background's colour.</summary>
    Background,

    /// <summary>"small", "large".</summary>
    Size,
}

/// <summary>The benchmark's 26 answers.</summary>
public static class SceneAnswers
{
    private static readonly string[][] ByKind =
    [
        ["yes", "no"],
        ["0", "1", "2", "3", "4"],
        [.. Enum.GetValues<SceneColor>().Select(color => color.Name())],
        [.. Enum.GetValues<SceneShape>().Select(shape => shape.Name())],
        [.. Enum.GetValues<ScenePosition>().Select(position => position.Name())],
        [.. Enum.GetValues<SceneBackground>().Select(background => background.Name())],
        [.. Enum.GetValues<SceneSize>().Select(size => size.Name())],
    ];

    /// <summary>All 26, kind by kind.</summary>
    public static IReadOnlyList<string> All { get; } = [.. ByKind.SelectMany(answers => answers)];

    /// <summary>The answers of one kind.</summary>
    public static IReadOnlyList<string> OfKind(SceneAnswerKind kind) => ByKind[(int)kind];

    /// <summary>
    /// The answers of simulated annotators: each gives the true answer, or with probability <paramref name="confusion"/> another one of
    /// the same kind.
    /// </summary>
    internal static string[] Annotate(string answer, SceneAnswerKind kind, int annotators, double confusion, SceneRandom random)
    {
        string[] others = [.. ByKind[(int)kind].Where(other => other != answer)];
        var given = new string[annotators];
        for (int i = 0; i < annotators; i++)
            given[i] = random.NextDouble() < confusion ? random.Pick(others) : answer;
        return given;
    }

    /// <summary>The answer most annotators gave; among equals the true one, then the one given first.</summary>
    internal static string MostCommon(string[] given, string answer) =>
        given.GroupBy(each => each).OrderByDescending(group => group.Count()).ThenByDescending(group => group.Key == answer).First().Key;
}
