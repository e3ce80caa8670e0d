using Microsoft.AspNetCore.Http;

namespace VLPeft.Cli.Serving;

/// <summary>A request that is not served, for a reason that its sender is told.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="message">One sentence.</param>
internal sealed class RefusedException(int status, string message) : Exception(message)
{
    public int Status => status;

    public static RefusedException TooLarge(long maximumBytes) => new(
        StatusCodes.Status413PayloadTooLarge, $"the file is too large: at most {maximumBytes / (1 << 20)} MiB are taken.");
}
