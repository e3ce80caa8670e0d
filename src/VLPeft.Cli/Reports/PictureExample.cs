namespace VLPeft.Cli.Reports;

/// <summary>A picture with what the variants said about it.</summary>
/// <param name="Image">The encoded picture, as it is put into the page.</param>
/// <param name="MimeType">The encoding, as "image/png".</param>
/// <param name="AltText">What the picture shows, for readers who can't see it.</param>
/// <param name="Questions">What was asked about it.</param>
public sealed record PictureExample(byte[] Image, string MimeType, string AltText, IReadOnlyList<QuestionExample> Questions);

/// <summary>A question (or a prompt) about a picture and its answers.</summary>
/// <param name="Question">The question; empty when nothing is asked, as for captions.</param>
/// <param name="Truth">The answer expected.</param>
/// <param name="Answers">What each variant answered.</param>
public sealed record QuestionExample(string Question, string Truth, IReadOnlyList<AnswerExample> Answers);

/// <summary>A variant's answer.</summary>
/// <param name="Variant">The variant's name; one named as in the report's variants gets its colour.</param>
/// <param name="Answer">What it said.</param>
/// <param name="Probability">The probability it gave to that, from 0 to 1; NaN when it has none.</param>
/// <param name="Right">Whether the answer is right; null where answers are not simply right or wrong, as captions.</param>
public sealed record AnswerExample(string Variant, string Answer, double Probability, bool? Right);
