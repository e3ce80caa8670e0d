using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace VLPeft.Cli.Serving;

/// <summary>Turns what goes wrong with a request into a problem document of one sentence (RFC 9457).</summary>
internal static class Problems
{
    public static void Use(WebApplication app, CliConsole console)
    {
        app.UseStatusCodePages(context => Write(context.HttpContext, context.HttpContext.Response.StatusCode, Sentence(context.HttpContext)));
        app.Use(async (context, next) =>
        {
            try
            {
                await next(context);
            }
            catch (Exception) when (context.RequestAborted.IsCancellationRequested)
            {
                // Who asked has left.
            }
            catch (Exception error) when (!context.Response.HasStarted)
            {
                (int status, string sentence) = Explain(error, console);
                await Write(context, status, sentence);
            }
        });
    }

    private static (int Status, string Sentence) Explain(Exception error, CliConsole console)
    {
        switch (error)
        {
            case RefusedException refused:
                return (refused.Status, refused.Message);
            case InvalidInputException:
                return (StatusCodes.Status400BadRequest, error.Message);
            case BadHttpRequestException bad:
                return (bad.StatusCode, bad.InnerException is JsonException json ? $"the body is not the JSON that is expected (at {json.Path}); /openapi/v1.json says what is." : bad.Message);
            case OperationCanceledException:
                return (StatusCodes.Status503ServiceUnavailable, "the program is ending.");
            default:
                console.Note(Environment.GetEnvironmentVariable("VLPEFT_TRACE") is { Length: > 0 } ? $"error: {error}" : $"error: {error.GetType().Name}: {error.Message}");
                return (StatusCodes.Status500InternalServerError, "an error of the program, not of your request; its terminal says which.");
        }
    }

    private static string Sentence(HttpContext context) => context.Response.StatusCode switch
    {
        StatusCodes.Status404NotFound => $"there is nothing at {context.Request.Path}; /openapi/v1.json lists what there is.",
        StatusCodes.Status405MethodNotAllowed => $"{context.Request.Path} does not take {context.Request.Method}.",
        StatusCodes.Status415UnsupportedMediaType => $"{context.Request.Path} does not take '{context.Request.ContentType}'.",
        int status => $"the request was refused ({status}).",
    };

    private static Task Write(HttpContext context, int status, string sentence) =>
        TypedResults.Problem(sentence, statusCode: status).ExecuteAsync(context);
}
