using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace VLPeft.Cli.Serving;

/// <summary>What keeps other people's pages away: a strict content security policy, and no answer under a name that is not this machine's.</summary>
internal static class Protection
{
    private const string Policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    /// <param name="app">The program.</param>
    /// <param name="address">Where it listens.</param>
    public static void Use(WebApplication app, IPAddress address) => app.Use((context, next) =>
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.CacheControl = "no-cache";
        // A page elsewhere may point a name of its own at 127.0.0.1, and would then be taken for ours.
        return IPAddress.IsLoopback(address) && !IsThisMachine(context.Request.Host.Host)
            ? TypedResults.Problem($"this page is at {address} and localhost only.", statusCode: StatusCodes.Status421MisdirectedRequest).ExecuteAsync(context)
            : next(context);
    });

    private static bool IsThisMachine(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));
}
