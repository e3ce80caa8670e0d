namespace VLPeft.Data.Scenes;

/// <summary>Pictures and their captions for contrastive pre-training.</summary>
/// <param name="Images">N pictures, those of <see cref="ScenePretrainingData.Images(int, ulong)"/>.</param>
/// <param name="Captions">For each picture a caption of every style.</param>
internal sealed record ScenePretrainingPairs(ScenePretrainingImages Images, string[][] Captions)
{
    public static ScenePretrainingPairs Draw(int count, ulong seed)
    {
        string[][] captions = new string[count][];
        ScenePretrainingImages images = ScenePretrainingData.Images(count, seed, (index, scene) =>
            captions[index] = [.. Enumerable.Range(0, SceneCaptions.StyleCount).Select(style => SceneCaptions.Write(scene, style))]);
        return new ScenePretrainingPairs(images, captions);
    }
}
