namespace VLPeft.Data;

/// <summary>Ids in a message.</summary>
internal static class IdList
{
    /// <summary>"3, 5, 8, …": the first few.</summary>
    public static string First<T>(IReadOnlyCollection<T> ids, int named = 5) =>
        string.Join(", ", ids.Take(named)) + (ids.Count > named ? ", …" : "");
}
