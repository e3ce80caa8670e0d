using VLPeft.Analysis;
using VLPeft.Cli.Reports.Runs;

namespace VLPeft.Cli.Serving;

/// <summary>A run with its model in memory. Only the thread <see cref="Model"/> calls what computes.</summary>
internal interface IServedRun : IComparedRun, IDisposable
{
    /// <summary>The thread that the model is run on.</summary>
    ModelThread Model { get; }

    /// <summary>Pictures of the run's data; none when their files are not named.</summary>
    IReadOnlyList<ServedPicture> Samples(int count);
}

/// <summary>A run whose bottlenecks can be watched.</summary>
internal interface IWatchedRun : IServedRun
{
    /// <summary>What the bottlenecks hold while the model reads a text with a picture.</summary>
    RoutedActivations Activations(string text, ServedPicture picture);
}

/// <summary>How a run is handed a picture: as a file, or by its id in the run's feature file.</summary>
/// <param name="File">The file; null for an id.</param>
/// <param name="Id">The id; null for a file.</param>
internal sealed record PictureForRun(string? File, long? Id)
{
    /// <exception cref="InvalidInputException">The run reads features from a file that does not have the picture.</exception>
    public static PictureForRun Of(IServedRun run, ServedPicture picture) => run.Recipe.Vision.Features.File is null ? new(picture.File, null)
        : picture.Origin is { } origin && origin.Data == SamplePictures.DataOf(run.Recipe) ? new(null, origin.ImageId)
        : throw new InvalidInputException($"the run '{run.Recipe.Name}' reads features from a file, so it knows the pictures of its own data only, not '{picture.Title}'.");
}
