using VLPeft.Data.Scenes;
using Xunit;

namespace VLPeft.Tests.Data.Scenes;

public class ScenePretrainingDataTests
{
    private const int Count = 3000;
    private static readonly Lazy<ScenePretrainingImages> Images = new(() => ScenePretrainingData.Images(Count, 1));

    [Fact]
    public void No_scene_of_a_held_out_split_is_among_them()
    {
        HashSet<SceneKey> heldOut = [];
        for (ulong seed = 1; seed <= 3; seed++)
        {
            var options = new SceneOptions { Seed = seed };
            heldOut.UnionWith(SceneItems.Of(options, SceneSplit.Test).Select(item => item.Scene.Key));
            heldOut.UnionWith(SceneItems.Of(options, SceneSplit.Validation).Select(item => item.Scene.Key));
        }
        for (int i = 0; i < Count; i++)
            Assert.DoesNotContain(SceneOf(i).Key, heldOut);
    }

    [Fact]
    public void Pixels_are_planes_of_the_labelled_scene()
    {
        ScenePretrainingImages images = Images.Value;
        Assert.Equal(Count * 3 * 32 * 32, images.Pixels.Length);
        for (int i = 0; i < 50; i++)
        {
            // Jitter is no label, so only the corners and the objects' middles are known.
            Scene scene = SceneOf(i);
            byte[] clean = SceneRenderer.RenderClean(scene).Pixels;
            foreach ((int x, int y) in new[] { (0, 0), (31, 0), (0, 31), (31, 31), (8, 8), (24, 8), (8, 24), (24, 24) })
            {
                for (int channel = 0; channel < 3; channel++)
                    Assert.Equal(clean[(y * 32 + x) * 3 + channel], (double)images.Pixels[((i * 3 + channel) * 32 + y) * 32 + x], 55.0);
            }
        }
    }

    [Fact]
    public void Normalization_is_the_ViT_processors()
    {
        ScenePretrainingImages images = Images.Value;
        var target = new float[2 * 3 * 32 * 32];
        images.CopyNormalized([7, 3], target);
        for (int i = 0; i < 3 * 32 * 32; i++)
        {
            Assert.Equal(images.Pixels[7 * 3072 + i] / 127.5 - 1, target[i], 1e-6);
            Assert.Equal(images.Pixels[3 * 3072 + i] / 127.5 - 1, target[3072 + i], 1e-6);
        }
        Assert.Throws<ArgumentException>(() => images.CopyNormalized([1], target));
    }

    [Fact]
    public void Attributes_say_what_the_patches_say()
    {
        ScenePretrainingImages images = Images.Value;
        IReadOnlyList<string> names = SceneLabels.AttributeNames;
        Assert.Equal(93, names.Count);
        Assert.Equal(93, names.Distinct().Count());
        Assert.Equal(Count * 93, images.Attributes.Length);
        for (int i = 0; i < 500; i++)
        {
            Scene scene = SceneOf(i);
            string[] expected =
            [
                .. scene.Objects.Select(each => $"{each.Position.Name()}: object"),
                .. scene.Objects.Select(each => $"{each.Position.Name()}: {each.Object.Shape.Name()}"),
                .. scene.Objects.Select(each => $"{each.Position.Name()}: {each.Object.Color.Name()}"),
                .. scene.Objects.Select(each => $"{each.Position.Name()}: {each.Object.Size.Name()}"),
                "background: " + scene.Background.Name(),
                "count: " + scene.Count,
                .. scene.Objects.Select(each => "any " + each.Object.Shape.Name()),
                .. scene.Objects.Select(each => $"any {each.Object.Color.Name()} object"),
                .. scene.Objects.Select(each => $"any {each.Object.Color.Name()} {each.Object.Shape.Name()}"),
            ];
            IEnumerable<string> found = names.Where((_, a) => images.Attributes[i * 93 + a] == 1);
            Assert.Equal(expected.Distinct().Order(), found.Order());
            Assert.All(images.Attributes[(i * 93)..((i + 1) * 93)], value => Assert.True(value is 0 or 1));
        }
    }

    [Fact]
    public void Every_class_of_every_patch_label_occurs()
    {
        byte[] patches = Images.Value.Patches;
        Assert.Equal(Count * 16 * 4, patches.Length);
        for (int column = 0; column < 4; column++)
        {
            int[] found = [.. patches.Where((_, i) => i % 4 == column).Select(label => (int)label).Distinct().Order()];
            Assert.Equal(Enumerable.Range(0, SceneLabels.PatchColumns[column].Classes), found);
        }
    }

    [Fact]
    public void The_seed_decides_and_a_longer_stream_begins_alike()
    {
        Assert.Equal(Images.Value.Pixels[..(100 * 3072)], ScenePretrainingData.Images(100, 1).Pixels);
        Assert.NotEqual(Images.Value.Pixels[..(100 * 3072)], ScenePretrainingData.Images(100, 2).Pixels);
        string[] texts = ScenePretrainingData.Texts(2000, 1);
        Assert.Equal(texts[..50], ScenePretrainingData.Texts(50, 1));
        Assert.NotEqual(texts[..50], ScenePretrainingData.Texts(50, 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => ScenePretrainingData.Images(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => ScenePretrainingData.Texts(0, 1));
    }

    [Fact]
    public void Texts_are_questions_and_captions_of_the_vocabulary()
    {
        string[] texts = ScenePretrainingData.Texts(4000, 1);
        Assert.InRange(texts.Count(text => text.EndsWith('?')), 1850, 2150);
        string[] words = [.. texts.SelectMany(text => text.Replace("?", " ?", StringComparison.Ordinal).Split(' ')).Distinct()];
        Assert.Equal(SceneVocabulary.Words.Order(StringComparer.Ordinal), words.Order(StringComparer.Ordinal));
        Assert.DoesNotContain(ScenePretrainingData.Captions(500, 1), text => text.EndsWith('?'));
    }

    /// <summary>The scene that the patch labels describe; all four patches of a cell must say the same.</summary>
    private static Scene SceneOf(int index)
    {
        byte[] labels = Images.Value.Patches[(index * 64)..((index + 1) * 64)];
        var cells = new SceneObject?[4];
        for (int cell = 0; cell < 4; cell++)
        {
            int first = cell / 2 * 8 + cell % 2 * 2;
            byte[][] patches = [.. new[] { first, first + 1, first + 4, first + 5 }.Select(patch => labels[(patch * 4)..(patch * 4 + 4)])];
            Assert.All(patches, patch => Assert.Equal(patches[0], patch));
            Assert.Equal(labels[3], patches[0][3]);
            bool isEmpty = patches[0][0] == 0;
            Assert.Equal(isEmpty, patches[0][1] == 0);
            Assert.Equal(isEmpty, patches[0][2] == 0);
            byte[] labelled = patches[0];
            if (!isEmpty)
                cells[cell] = new SceneObject((SceneShape)(labelled[0] - 1), (SceneColor)(labelled[1] - 1), (SceneSize)(labelled[2] - 1));
        }
        return new Scene((SceneBackground)labels[3], cells);
    }
}
