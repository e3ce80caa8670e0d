namespace VLPeft.Cli.Serving;

/// <summary>A picture that can be asked about.</summary>
/// <param name="Id">What the API calls it.</param>
/// <param name="Title">What a reader calls it.</param>
/// <param name="File">Where it lies.</param>
/// <param name="MediaType">"image/png" or "image/jpeg".</param>
internal sealed record ServedPicture(string Id, string Title, string File, string MediaType)
{
    /// <summary>Where a sample comes from; null for an upload.</summary>
    public SampleOrigin? Origin { get; init; }

    /// <summary>Questions that its data set asks about it.</summary>
    public IReadOnlyList<SampleQuestion> Questions { get; init; } = [];

    /// <summary>What people wrote about it.</summary>
    public IReadOnlyList<string> Captions { get; init; } = [];
}

/// <summary>A sample in its data set.</summary>
/// <param name="Data">The data set: <see cref="SamplePictures.DataOf"/> of a recipe.</param>
/// <param name="ImageId">The picture's id there.</param>
internal sealed record SampleOrigin(string Data, long ImageId);

/// <summary>A question of the data set, with the answer that most people gave; null when it is not known.</summary>
internal sealed record SampleQuestion(string Question, string? Answer);
