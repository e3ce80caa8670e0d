namespace VLPeft.Data;

/// <summary>One sentence about two pictures, of NLVR2.</summary>
/// <param name="Identifier">split-set-pair-sentence: "dev-850-0-0"; unique in its split.</param>
/// <param name="Sentence">Not empty.</param>
/// <param name="Label">Whether it is true of the pictures; null where the data set keeps it.</param>
/// <param name="LeftName">The left picture: "dev-850-0-img0".</param>
/// <param name="RightName">The right picture: "dev-850-0-img1".</param>
public sealed record Nlvr2Example(string Identifier, string Sentence, bool? Label, string LeftName, string RightName)
{
    /// <summary>The left picture's number.</summary>
    public long LeftId { get; } = PictureNames.IdOf(LeftName);

    /// <summary>The right picture's number.</summary>
    public long RightId { get; } = PictureNames.IdOf(RightName);
}
