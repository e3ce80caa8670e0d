using VLPeft.Preprocessing;

namespace VLPeft.Data.Scenes;

/// <summary>
/// Pictures and texts for the unimodal pre-training of the benchmark's small backbones, made in memory. Scenes come from the training
/// part alone (<see cref="SceneSampler"/>): no scene of any data set's validation or test split is among them, whatever its seed.
/// </summary>
public static class ScenePretrainingData
{
    /// <summary>Labelled pictures.</summary>
    /// <param name="count">How many.</param>
    /// <param name="seed">Picks them; picture i is the same for every <paramref name="count"/>.</param>
    public static ScenePretrainingImages Images(int count, ulong seed) => Images(count, seed, (_, _) => { });

    /// <summary>The same, and tells what each picture shows.</summary>
    internal static ScenePretrainingImages Images(int count, ulong seed, Action<int, Scene> shown)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var images = new ScenePretrainingImages(count);
        var sampler = new SceneSampler(SceneSplit.Train);
        for (int i = 0; i < count; i++)
        {
            SceneRandom random = SceneStreams.Of(seed, SceneStream.PretrainingImages, i);
            Scene scene = sampler.Draw(random);
            images.Set(i, scene, SceneRenderer.Render(scene, random.NextBits()));
            shown(i, scene);
        }
        return images;
    }

    /// <summary>Questions and captions in all wordings and styles, about as many of each.</summary>
    /// <param name="count">How many texts.</param>
    /// <param name="seed">Picks them; text i is the same for every <paramref name="count"/>.</param>
    public static string[] Texts(int count, ulong seed) => MakeTexts(count, seed, random => random.NextBool());

    /// <summary>Captions in all styles.</summary>
    /// <param name="count">How many captions.</param>
    /// <param name="seed">Picks them; caption i is the same for every <paramref name="count"/>.</param>
    public static string[] Captions(int count, ulong seed) => MakeTexts(count, seed, _ => true);

    /// <summary>
    /// Texts of all four tasks, about as many of each, as a backbone for all of them reads and writes them: prompt, text and, behind it, an
    /// answer ("vqa: is there a red circle? yes", "nlvr: both pictures have a circle true", "caption: a red circle at the top left").
    /// </summary>
    /// <remarks>The pictures are not there to be seen, so what the answers teach is their words and which go with which question.</remarks>
    /// <param name="count">How many texts.</param>
    /// <param name="seed">Picks them; text i is the same for every <paramref name="count"/>.</param>
    public static string[] MultitaskTexts(int count, ulong seed) => MakeTexts(count, seed, MultitaskText);

    private static string MultitaskText(Scene scene, SceneRandom random)
    {
        switch (random.Next(4))
        {
            case 0:
                SceneQuestion question = SceneQuestions.Draw(scene, 1, random)[0];
                return $"{TaskPrompts.Vqa}{question.Text} {question.Answer}";
            case 1 when SceneCompositions.Draw(scene, 1, random) is [{ } composition]:
                return $"{TaskPrompts.Gqa}{composition.Text} {composition.Answer}";
            case 2:
                return $"{TaskPrompts.Nlvr}{SceneStatements.Draw(random).Text} {TaskPrompts.TruthOf(random.NextBool())}";
            default:
                return TaskPrompts.Caption + SceneCaptions.Write(scene, random.Next(SceneCaptions.StyleCount));
        }
    }

    private static string[] MakeTexts(int count, ulong seed, Func<SceneRandom, bool> isCaption) => MakeTexts(count, seed, (scene, random) =>
        isCaption(random) ? SceneCaptions.Write(scene, random.Next(SceneCaptions.StyleCount)) : SceneQuestions.Draw(scene, 1, random)[0].Text);

    private static string[] MakeTexts(int count, ulong seed, Func<Scene, SceneRandom, string> make)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var texts = new string[count];
        var sampler = new SceneSampler(SceneSplit.Train);
        for (int i = 0; i < count; i++)
        {
            SceneRandom random = SceneStreams.Of(seed, SceneStream.PretrainingTexts, i);
            texts[i] = make(sampler.Draw(random), random);
        }
        return texts;
    }
}

/// <summary>Labelled pictures in arrays of tensors' shapes: N pictures, A attributes, P = 16 patches, K = 4 labels a patch.</summary>
public sealed class ScenePretrainingImages
{
    private const int PixelCount = 3 * SceneRenderer.Side * SceneRenderer.Side;

    // What Hugging Face's ViT processor does to a byte: scale by 1/255 in double, round to float, then mean 0.5 and deviation 0.5.
    private static readonly float[] Normalized =
        [.. Enumerable.Range(0, 256).Select(value => ((float)(value * (1.0 / 255)) - 0.5f) / 0.5f)];

    internal ScenePretrainingImages(int count)
    {
        Count = count;
        Pixels = new byte[checked(count * PixelCount)];
        Attributes = new float[count * SceneLabels.AttributeNames.Count];
        Patches = new byte[count * PatchLabelCount];
    }

    /// <summary>N.</summary>
    public int Count { get; }

    /// <summary>(N, 3, 32, 32), 0 to 255.</summary>
    public byte[] Pixels { get; }

    /// <summary>(N, A), 1 where the picture has the attribute of <see cref="SceneLabels.AttributeNames"/>, else 0.</summary>
    public float[] Attributes { get; }

    /// <summary>(N, P, K), classes in the columns of <see cref="SceneLabels.PatchColumns"/>.</summary>
    public byte[] Patches { get; }

    private static int PatchLabelCount => SceneLabels.PatchCount * SceneLabels.PatchColumns.Count;

    /// <summary>The pictures of a batch, normalised as Hugging Face's ViT processor does (mean 0.5, deviation 0.5: from -1 to 1).</summary>
    /// <param name="indices">B picture numbers, from 0.</param>
    /// <param name="target">(B, 3, 32, 32).</param>
    /// <exception cref="ArgumentException"><paramref name="target"/> is not of B pictures' length.</exception>
    public void CopyNormalized(ReadOnlySpan<int> indices, Span<float> target)
    {
        if (target.Length != indices.Length * PixelCount)
            throw new ArgumentException($"{indices.Length} pictures are {indices.Length * PixelCount} values long.", nameof(target));
        for (int i = 0; i < indices.Length; i++)
        {
            ReadOnlySpan<byte> source = Pixels.AsSpan(indices[i] * PixelCount, PixelCount);
            Span<float> values = target.Slice(i * PixelCount, PixelCount);
            for (int j = 0; j < PixelCount; j++)
                values[j] = Normalized[source[j]];
        }
    }

    internal void Set(int index, Scene scene, RgbImage image)
    {
        const int area = PixelCount / 3;
        Span<byte> pixels = Pixels.AsSpan(index * PixelCount, PixelCount);
        for (int i = 0; i < area; i++)
        {
            for (int channel = 0; channel < 3; channel++)
                pixels[channel * area + i] = image.Pixels[3 * i + channel];
        }
        int attributes = SceneLabels.AttributeNames.Count;
        SceneLabels.WriteAttributes(scene, Attributes.AsSpan(index * attributes, attributes));
        SceneLabels.WritePatches(scene, Patches.AsSpan(index * PatchLabelCount, PatchLabelCount));
    }
}
