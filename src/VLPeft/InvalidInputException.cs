namespace VLPeft;

/// <summary>
/// The user's input is at fault: a file, a recipe key, an option, a pattern. The message is one paragraph that names it and says
/// what was expected and what came; the command line prints it and ends with exit code 2.
/// </summary>
public sealed class InvalidInputException : Exception
{
    /// <summary>An error with a message for the user.</summary>
    public InvalidInputException(string message) : base(message) { }

    /// <summary>An error with a message for the user and the error beneath it.</summary>
    public InvalidInputException(string message, Exception inner) : base(message, inner) { }
}
