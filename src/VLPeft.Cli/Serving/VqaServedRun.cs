using VLPeft.Analysis;
using VLPeft.Experiments;
using VLPeft.Recipes;

namespace VLPeft.Cli.Serving;

/// <summary>A run of question answering.</summary>
internal sealed class VqaServedRun(RunFiles files, VqaExperiment experiment) : IWatchedRun
{
    public RunFiles Files => files;

    public Recipe Recipe => experiment.Recipe;

    public ModelThread Model { get; } = new(experiment.Recipe.Name);

    public IReadOnlyList<VqaAnswer> Answer(string question, ServedPicture picture, int top)
    {
        (string? file, long? id) = PictureForRun.Of(this, picture);
        return experiment.Answer(question, file, id, top);
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
