using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using VLPeft.Cli.Reports;

namespace VLPeft.Cli.Serving;

/// <summary>The page's own files, which lie in the program.</summary>
internal static class PageFiles
{
    private const string Prefix = "page/";

    public static void Map(WebApplication app)
    {
        foreach (string resource in typeof(PageFiles).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            string name = resource[Prefix.Length..], text = Read(resource);
            (string address, string content, string type) = Path.GetExtension(name) switch
            {
                ".html" => ("/", text, "text/html; charset=utf-8"),
                ".css" => ($"/{name}", ReportStyle.Css + text, "text/css; charset=utf-8"),
                _ => ($"/{name}", text, "text/javascript; charset=utf-8"),
            };
            app.MapGet(address, () => TypedResults.Text(content, type)).ExcludeFromDescription();
        }
        app.MapGet("/favicon.ico", () => TypedResults.NoContent()).ExcludeFromDescription();
    }

    private static string Read(string resource)
    {
        using var reader = new StreamReader(typeof(PageFiles).Assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }
}
