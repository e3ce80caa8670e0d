namespace VLPeft.Recipes;

/// <summary>Range checks with one form of message.</summary>
internal static class Check
{
    public static void That(bool holds, string key, string expected, object? got)
    {
        if (!holds)
            throw new InvalidInputException($"{key}: expected {expected}, got {(got is null or "" ? "nothing" : got)}.");
    }
}
