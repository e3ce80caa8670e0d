namespace VLPeft.Data;

/// <summary>One question of GQA.</summary>
/// <param name="QuestionId">Unique in its split; a number that may begin with zeros.</param>
/// <param name="ImageName">The picture, as "2370799" or "n161313".</param>
/// <param name="Question">Not empty.</param>
/// <param name="Answer">The one right answer; empty where the data set keeps it.</param>
public sealed record GqaExample(string QuestionId, string ImageName, string Question, string Answer)
{
    /// <summary>The structural type, as "query" or "verify"; empty when the data set names none.</summary>
    public string Type { get; init; } = "";

    /// <summary>The picture's number.</summary>
    public long ImageId { get; } = PictureNames.IdOf(ImageName);
}
