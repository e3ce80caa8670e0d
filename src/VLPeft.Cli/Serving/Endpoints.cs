using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using VLPeft.Analysis;
using VLPeft.Experiments;
using VLPeft.Recipes;

namespace VLPeft.Cli.Serving;

/// <summary>The API: what the page asks for, and any other program may.</summary>
internal sealed class Endpoints(ServedRuns runs, PictureShelf shelf, ServeOptions options)
{
    private const int MaximumTop = 100, MaximumBeams = 16, MaximumText = 1000;

    public void Map(IEndpointRouteBuilder app)
    {
        RouteGroupBuilder api = app.MapGroup("/api").WithTags("vlpeft serve").ProducesProblem(StatusCodes.Status400BadRequest);
        api.MapGet("/runs", Runs).WithSummary("The runs that are loaded.").WithName("runs");
        api.MapGet("/pictures", Pictures).WithSummary("Sample pictures of the runs' test data.").WithName("pictures");
        api.MapPost("/pictures", Upload).WithSummary($"Upload a PNG or JPEG file of at most {options.MaximumUploadBytes >> 20} MiB as the body.").WithName("upload")
            .Accepts<IFormFile>(PictureFile.Png, PictureFile.Jpeg).ProducesProblem(StatusCodes.Status413PayloadTooLarge)
            .WithMetadata(new BodyLimit(null)); // the shelf counts, so that what is too large is answered rather than cut off
        api.MapGet("/pictures/{picture}", Picture).WithSummary("A picture's file.").WithName("picture").ProducesProblem(StatusCodes.Status404NotFound);
        RouteGroupBuilder run = api.MapGroup("/runs/{run}").ProducesProblem(StatusCodes.Status404NotFound);
        run.MapPost("/answers", Answer).WithSummary("The likeliest answers to a question about a picture.").WithName("answers");
        run.MapPost("/caption", Caption).WithSummary("A picture's caption.").WithName("caption");
        run.MapPost("/caption/stream", Stream).WithSummary("A picture's caption as it grows: events text, and done with the whole.").WithName("caption-stream")
            .Produces<StreamMessage>(contentType: "text/event-stream");
        run.MapPost("/say", Say).WithSummary("What a run of several tasks says: to a question, about a statement on two pictures, or of a picture.").WithName("say");
        run.MapPost("/movement", Movement).WithSummary("How the bottlenecks' activations differ between two pictures.").WithName("movement");
    }

    private Ok<RunMessage[]> Runs() => TypedResults.Ok(runs.All.Select(RunMessages.Of).ToArray());

    private Ok<PictureMessage[]> Pictures() => TypedResults.Ok(shelf.Samples.Select(RunMessages.Of).ToArray());

    private PhysicalFileHttpResult Picture(string picture)
    {
        ServedPicture found = shelf.Get(picture);
        return TypedResults.PhysicalFile(found.File, found.MediaType);
    }

    private async Task<Created<UploadMessage>> Upload(HttpRequest request, string? name, CancellationToken leaving)
    {
        (ServedPicture picture, int width, int height) = await shelf.Add(request.Body, name, leaving);
        return TypedResults.Created(RunMessages.UrlOf(picture), new UploadMessage(picture.Id, picture.Title, RunMessages.UrlOf(picture), width, height));
    }

    private async Task<Ok<AnswersMessage>> Answer(string run, AnswerRequest request, CancellationToken leaving)
    {
        VqaServedRun served = runs.Get<VqaServedRun>(run);
        ServedPicture picture = shelf.Get(request.Picture);
        RequireText("question", request.Question);
        RequireRange("top", request.Top, MaximumTop);
        var answers = await served.Model.Run(() => served.Answer(request.Question, picture, request.Top), leaving);
        return TypedResults.Ok(new AnswersMessage(run, [.. answers.Select(one => new AnswerMessage(one.Answer, one.Probability))]));
    }

    private async Task<Ok<CaptionMessage>> Caption(string run, CaptionRequest request, CancellationToken leaving)
    {
        CaptionServedRun served = runs.Get<CaptionServedRun>(run);
        ServedPicture picture = shelf.Get(request.Picture);
        RequireRange("beams", request.Beams ?? 1, MaximumBeams);
        return TypedResults.Ok(new CaptionMessage(run, await served.Model.Run(() => served.Caption(picture, request.Beams, null, leaving), leaving)));
    }

    private ServerSentEventsResult<StreamMessage> Stream(string run, CaptionRequest request, CancellationToken leaving)
    {
        CaptionServedRun served = runs.Get<CaptionServedRun>(run);
        ServedPicture picture = shelf.Get(request.Picture);
        RequireRange("beams", request.Beams ?? 1, MaximumBeams);
        _ = PictureForRun.Of(served, picture); // what is wrong is said before a stream begins
        return TypedResults.ServerSentEvents(Words(served, picture, request.Beams, leaving));
    }

    private static async IAsyncEnumerable<SseItem<StreamMessage>> Words(
        CaptionServedRun served, ServedPicture picture, int? beams, [EnumeratorCancellation] CancellationToken leaving)
    {
        Channel<string> words = Channel.CreateUnbounded<string>();
        Task<string> caption = Say();
        await foreach (string text in words.Reader.ReadAllAsync(leaving))
            // A character whose bytes are not all there yet comes with the next token.
            if (!text.EndsWith('\uFFFD'))
                yield return new SseItem<StreamMessage>(new StreamMessage(text), "text");
        yield return new SseItem<StreamMessage>(new StreamMessage(await caption), "done");

        async Task<string> Say()
        {
            try
            {
                return await served.Model.Run(() => served.Caption(picture, beams, text => words.Writer.TryWrite(text), leaving), leaving);
            }
            finally
            {
                words.Writer.Complete();
            }
        }
    }

    private async Task<Ok<SaidMessage>> Say(string run, SayRequest request, CancellationToken leaving)
    {
        MultitaskServedRun served = runs.Get<MultitaskServedRun>(run);
        TextTask task = served.TaskNamed(request.Task);
        ServedPicture[] pictures = [.. (request.Pictures ?? []).Select(shelf.Get)];
        string text = request.Text ?? "";
        RequireText("text", text, allowEmpty: true);
        return TypedResults.Ok(new SaidMessage(run, request.Task, await served.Model.Run(() => served.Say(task, text, pictures, leaving), leaving)));
    }

    private async Task<Ok<MovementMessage>> Movement(string run, MovementRequest request, CancellationToken leaving)
    {
        IWatchedRun served = runs.Get<IWatchedRun>(run);
        ServedPicture picture = shelf.Get(request.Picture), previous = shelf.Get(request.Previous);
        RequireText("text", request.Text, allowEmpty: served is CaptionServedRun);
        IReadOnlyList<BottleneckShift> shifts = await served.Model.Run(
            () => served.Activations(request.Text, picture).ShiftFrom(served.Activations(request.Text, previous)), leaving);
        return TypedResults.Ok(new MovementMessage(run, [.. shifts.Select(one => new BottleneckMessage(one.Name, one.Norm, one.OtherNorm, one.CosineDistance))]));
    }

    private static void RequireText(string what, string? text, bool allowEmpty = false)
    {
        if (text is null || (!allowEmpty && string.IsNullOrWhiteSpace(text)))
            throw new InvalidInputException($"the {what} is empty.");
        if (text.Length > MaximumText)
            throw new InvalidInputException($"the {what} is {text.Length} characters long; at most {MaximumText} are read.");
    }

    private static void RequireRange(string what, int value, int maximum)
    {
        if (value < 1 || value > maximum)
            throw new InvalidInputException($"{what}: expected 1 to {maximum}, got {value}.");
    }

    private sealed record BodyLimit(long? MaxRequestBodySize) : IRequestSizeLimitMetadata;
}
