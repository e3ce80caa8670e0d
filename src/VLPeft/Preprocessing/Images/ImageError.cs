namespace VLPeft.Preprocessing;

/// <summary>The one form in which a bad picture is reported.</summary>
internal static class ImageError
{
    public static InvalidInputException Create(string name, string expected, string got, Exception? inner = null)
    {
        string message = $"Picture '{name}' can't be decoded: expected {expected}, got {got}.";
        return inner is null ? new InvalidInputException(message) : new InvalidInputException(message, inner);
    }
}
