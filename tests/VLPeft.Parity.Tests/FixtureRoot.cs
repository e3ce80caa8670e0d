using System.Text.Json;

namespace VLPeft.Parity.Tests;

/// <summary>
/// Where the parity data lies: the folder named by VLPEFT_FIXTURES when it is set, the copy in this project otherwise. Nothing here
/// knows which of the two it reads; cases are enumerated from the JSON files.
/// </summary>
public static class FixtureRoot
{
    public static string Folder { get; } =
        Environment.GetEnvironmentVariable("VLPEFT_FIXTURES") is { Length: > 0 } folder
            ? Path.GetFullPath(folder)
            : Path.Combine(AppContext.BaseDirectory, "Fixtures");

    /// <summary>The full path of a fixture, e.g. <c>File("layers", "layers.json")</c>.</summary>
    public static string File(params string[] parts) => Path.Combine([Folder, .. parts]);

    public static JsonDocument Json(params string[] parts) => JsonDocument.Parse(System.IO.File.ReadAllBytes(File(parts)));
}
