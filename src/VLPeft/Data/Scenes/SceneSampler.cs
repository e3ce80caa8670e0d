namespace VLPeft.Data.Scenes;

/// <summary>The parts of the benchmark.</summary>
public enum SceneSplit
{
    /// <summary>For training, pre-training included.</summary>
    Train,

    /// <summary>Chooses hyper-parameters.</summary>
    Validation,

    /// <summary>Looked at once.</summary>
    Test,
}

/// <summary>
/// Draws scenes of one split. A scene belongs to a split by a fixed hash of its description (test 20 %, validation 10 %, training the
/// rest), whatever the seed and the size of a data set: no two splits ever share a scene, and no backbone pre-trained on training
/// scenes, today's or one committed long ago, has seen a test scene of any data set.
/// </summary>
/// <param name="split">The split to draw from.</param>
public sealed class SceneSampler(SceneSplit split)
{
    // Scenes with one object are few (576): a small share lets a split of the usual size do without repeats.
    private static readonly int[] PercentOfCounts = [10, 30, 30, 30];
    private const int RedrawsForANewScene = 32;

    private readonly HashSet<SceneKey> _seen = [];

    /// <summary>The split a scene belongs to.</summary>
    public static SceneSplit SplitOf(SceneKey key) => (SceneRandom.Mix((ulong)key.Value + 1) % 10) switch
    {
        0 or 1 => SceneSplit.Test,
        2 => SceneSplit.Validation,
        _ => SceneSplit.Train,
    };

    /// <summary>
    /// Draws a scene of the split: 1 to 4 objects (10, 30, 30, 30 %), cells, attributes and jitter uniform. A scene drawn before by
    /// this sampler comes again only when 32 further draws found no new one.
    /// </summary>
    public Scene Draw(SceneRandom random)
    {
        ArgumentNullException.ThrowIfNull(random);
        int objects = 1 + random.PickWeighted(PercentOfCounts);
        int repeats = 0;
        while (true)
        {
            Scene scene = DrawAny(objects, random);
            if (SplitOf(scene.Key) == split && (_seen.Add(scene.Key) || ++repeats > RedrawsForANewScene))
                return scene;
        }
    }

    private static Scene DrawAny(int objects, SceneRandom random)
    {
        Span<int> order = [0, 1, 2, 3];
        random.Shuffle(order);
        var cells = new SceneObject?[Scene.CellCount];
        foreach (int cell in order[..objects])
        {
            cells[cell] = new SceneObject((SceneShape)random.Next(4), (SceneColor)random.Next(6), (SceneSize)random.Next(2),
                DrawJitter(random), DrawJitter(random));
        }
        return new Scene((SceneBackground)random.Next(3), cells);
    }

    private static int DrawJitter(SceneRandom random) => random.Next(2 * SceneObject.MaximumJitter + 1) - SceneObject.MaximumJitter;
}
