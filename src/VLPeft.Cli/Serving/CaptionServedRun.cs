using VLPeft.Analysis;
using VLPeft.Experiments;
using VLPeft.Recipes;

namespace VLPeft.Cli.Serving;

/// <summary>A run of captioning.</summary>
internal sealed class CaptionServedRun(RunFiles files, CaptionExperiment experiment) : IWatchedRun
{
    public RunFiles Files => files;

    public Recipe Recipe => experiment.Recipe;

    public ModelThread Model { get; } = new(experiment.Recipe.Name);

    /// <param name="picture">What is captioned.</param>
    /// <param name="beams">Beams instead of the recipe's; null for those.</param>
    /// <param name="onText">Is told the caption as it grows.</param>
    /// <param name="cancellation">Looked at before every word.</param>
    public string Caption(ServedPicture picture, int? beams, Action<string>? onText, CancellationToken cancellation)
    {
        GenerationSection generation = Recipe.Generation with { Beams = beams ?? Recipe.Generation.Beams };
        (string? file, long? id) = PictureForRun.Of(this, picture);
        return file is not null
            ? experiment.Caption(file, generation, onText, cancellation)
            : experiment.Caption(id!.Value, generation, onText, cancellation);
    }

    public RoutedActivations Activations(string text, ServedPicture picture)
    {
        (string? file, long? id) = PictureForRun.Of(this, picture);
        return experiment.Activations(text, file, id);
    }

    public IReadOnlyList<ServedPicture> Samples(int count) => SamplePictures.Of(experiment.Data, Recipe, count);

    public void Dispose()
    {
        Model.Dispose();
        experiment.Dispose();
    }
}
