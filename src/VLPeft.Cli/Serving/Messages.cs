using System.ComponentModel;

namespace VLPeft.Cli.Serving;

internal sealed record RunMessage(
    [property: Description("What addresses call the run.")] string Id,
    [property: Description("What sets it apart from the other runs.")] string Name,
    [property: Description("vqa, captioning or multitask.")] string Task,
    [property: Description("The name of its recipe.")] string Recipe,
    [property: Description("lora, adapter, full or frozen.")] string Method,
    [property: Description("The routing function.")] string Routing,
    [property: Description("The bottlenecks' rank.")] long Rank,
    [property: Description("The seed that it was trained with.")] long Seed,
    [property: Description("Whether it can look at uploaded pictures; one that reads features from a file can't.")] bool TakesUploads,
    [property: Description("Beams of its captions by its recipe; null for question answering.")] int? Beams,
    [property: Description("What a run of several tasks has learnt: vqa, gqa, nlvr, caption; null for others.")] IReadOnlyList<string>? Tasks);

internal sealed record PictureMessage(
    [property: Description("What addresses call the picture.")] string Id,
    [property: Description("What a reader calls it.")] string Title,
    [property: Description("Where the file is.")] string Url,
    [property: Description("Questions that its data set asks.")] IReadOnlyList<QuestionMessage> Questions,
    [property: Description("What people wrote about it.")] IReadOnlyList<string> Captions);

internal sealed record QuestionMessage(string Question, [property: Description("What most people answered; null when that is not known.")] string? Answer);

internal sealed record UploadMessage(string Id, string Title, string Url, int Width, int Height);

internal sealed record AnswerRequest(
    [property: Description("A picture's id.")] string Picture,
    string Question,
    [property: Description("How many answers, 1 … 100; 5 when it is left out.")] int Top = 5);

internal sealed record AnswersMessage(string Run, [property: Description("The likeliest first.")] IReadOnlyList<AnswerMessage> Answers);

internal sealed record AnswerMessage(string Answer, [property: Description("0 … 1; those of several answers need not sum to 1.")] double Probability);

internal sealed record CaptionRequest(
    [property: Description("A picture's id.")] string Picture,
    [property: Description("1 … 16; the recipe's when it is left out. With 1 a stream comes word by word.")] int? Beams = null);

internal sealed record CaptionMessage(string Run, string Caption);

internal sealed record StreamMessage([property: Description("The caption so far.")] string Text);

internal sealed record SayRequest(
    [property: Description("One of the run's tasks: vqa, gqa, nlvr or caption.")] string Task,
    [property: Description("A picture's id; of two, left and right, for nlvr.")] IReadOnlyList<string>? Pictures,
    [property: Description("The question, or the statement; left out for a caption.")] string? Text = null);

internal sealed record SaidMessage(string Run, string Task, string Said);

internal sealed record MovementRequest(
    [property: Description("A picture's id.")] string Picture,
    [property: Description("The picture that it is compared with.")] string Previous,
    [property: Description("The question, or the caption, that the model reads with both.")] string Text);

internal sealed record MovementMessage(string Run, [property: Description("In the order of the forward.")] IReadOnlyList<BottleneckMessage> Bottlenecks);

internal sealed record BottleneckMessage(
    [property: Description("The module that carries it.")] string Module,
    [property: Description("Norm of x_t after routing, mean over tokens.")] double Norm,
    [property: Description("The same with the previous picture.")] double PreviousNorm,
    [property: Description("1 − cos between the two, mean over tokens: 0 … 2.")] double CosineDistance);
