using VLPeft.Data.Scenes;
using Xunit;

namespace VLPeft.Tests.Data.Scenes;

public class SceneSamplerTests
{
    private static readonly SceneObject RedCircle = new(SceneShape.Circle, SceneColor.Red, SceneSize.Small);

    [Fact]
    public void Scenes_are_checked()
    {
        Assert.Throws<ArgumentException>(() => new Scene(SceneBackground.Black, RedCircle, null, null));
        Assert.Throws<ArgumentException>(() => new Scene(SceneBackground.Black, null, null, null, null));
        Assert.Throws<ArgumentException>(() => new Scene(SceneBackground.Black, RedCircle with { JitterX = 17 }, null, null, null));
        Assert.Throws<ArgumentException>(() => new Scene(SceneBackground.Black, null, null, null, RedCircle with { JitterY = -17 }));
    }

    [Fact]
    public void A_key_is_the_discrete_description()
    {
        var scene = new Scene(SceneBackground.Gray, RedCircle, null, null, null);
        Assert.Equal(scene.Key, new Scene(SceneBackground.Gray, RedCircle with { JitterX = 16, JitterY = -16 }, null, null, null).Key);
        var keys = new HashSet<SceneKey>();
        foreach (SceneBackground background in Enum.GetValues<SceneBackground>())
        {
            for (int i = 0; i < 4 * 48; i++)
            {
                var cells = new SceneObject?[4];
                cells[i / 48] = new SceneObject((SceneShape)(i % 4), (SceneColor)(i / 4 % 6), (SceneSize)(i / 24 % 2));
                Assert.True(keys.Add(new Scene(background, cells).Key));
                cells[(i / 48 + 1) % 4] = RedCircle;
                keys.Add(new Scene(background, cells).Key);
            }
        }
        // Two cells: the neighbour's red circle makes 4·48 pairs, none seen twice.
        Assert.Equal(3 * 2 * 4 * 48, keys.Count);
        Assert.All(keys, key => Assert.InRange(key.Value, 1, 3 * 49 * 49 * 49 * 49 - 1));
    }

    [Fact]
    public void A_sampler_stays_in_its_split()
    {
        var random = new SceneRandom(5);
        foreach (SceneSplit split in Enum.GetValues<SceneSplit>())
        {
            var sampler = new SceneSampler(split);
            for (int i = 0; i < 2000; i++)
                Assert.Equal(split, SceneSampler.SplitOf(sampler.Draw(random).Key));
        }
    }

    [Fact]
    public void Splits_have_their_share_of_all_scenes()
    {
        int[] counts = new int[3];
        for (int key = 1; key < 3 * 49 * 49 * 49 * 49; key += 17)
            counts[(int)SceneSampler.SplitOf(new SceneKey(key))]++;
        double total = counts.Sum();
        Assert.InRange(counts[(int)SceneSplit.Train] / total, 0.698, 0.702);
        Assert.InRange(counts[(int)SceneSplit.Validation] / total, 0.099, 0.101);
        Assert.InRange(counts[(int)SceneSplit.Test] / total, 0.199, 0.201);
    }

    [Fact]
    public void Attributes_are_uniform_and_repeats_are_rare()
    {
        var random = new SceneRandom(6);
        var sampler = new SceneSampler(SceneSplit.Train);
        Scene[] scenes = [.. Enumerable.Range(0, 10_000).Select(_ => sampler.Draw(random))];
        (ScenePosition Position, SceneObject Object)[] objects = [.. scenes.SelectMany(scene => scene.Objects)];

        Assert.Equal([0.1, 0.3, 0.3, 0.3], Shares(scenes.Select(scene => scene.Count), scenes.Length), Near);
        Assert.All(Shares(scenes.Select(scene => scene.Background), scenes.Length), share => Assert.Equal(1 / 3.0, share, 0.02));
        Assert.All(Shares(objects.Select(each => each.Position), objects.Length), share => Assert.Equal(1 / 4.0, share, 0.02));
        Assert.All(Shares(objects.Select(each => each.Object.Shape), objects.Length), share => Assert.Equal(1 / 4.0, share, 0.02));
        Assert.All(Shares(objects.Select(each => each.Object.Color), objects.Length), share => Assert.Equal(1 / 6.0, share, 0.02));
        Assert.All(Shares(objects.Select(each => each.Object.Size), objects.Length), share => Assert.Equal(1 / 2.0, share, 0.02));
        Assert.Equal(33, objects.Select(each => each.Object.JitterX).Distinct().Count());
        Assert.Equal(33, objects.Select(each => each.Object.JitterY).Distinct().Count());
        Scene[] several = [.. scenes.Where(scene => scene.Count > 1)];
        Assert.Equal(several.Length, several.Select(scene => scene.Key).Distinct().Count());
    }

    [Fact]
    public void Sampling_goes_on_when_a_kind_of_scene_is_used_up()
    {
        // The validation split has about 58 scenes with one object.
        var random = new SceneRandom(7);
        var sampler = new SceneSampler(SceneSplit.Validation);
        Scene[] scenes = [.. Enumerable.Range(0, 3000).Select(_ => sampler.Draw(random))];
        Assert.InRange(scenes.Count(scene => scene.Count == 1), 240, 360);
    }

    private static bool Near(double expected, double actual) => Math.Abs(expected - actual) < 0.02;

    private static IEnumerable<double> Shares<T>(IEnumerable<T> values, double total) where T : notnull =>
        values.GroupBy(value => value).OrderBy(group => group.Key).Select(group => group.Count() / total);
}
