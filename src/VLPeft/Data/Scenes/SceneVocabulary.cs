namespace VLPeft.Data.Scenes;

/// <summary>The words of the benchmark's questions and captions.</summary>
public static class SceneVocabulary
{
    /// <summary>
    /// Every word of the questions and captions, and the question mark, in an order that never changes: new words are appended, so that
    /// a committed backbone's token ids stay valid.
    /// </summary>
    public static IReadOnlyList<string> Words { get; } =
    [
        "?", "a", "and", "are", "at", "background", "behind", "big", "black", "blue", "bottom", "can", "circle", "circles", "color",
        "contain", "corner", "cross", "crosses", "cyan", "do", "does", "empty", "fills", "find", "four", "gray", "green", "has", "have",
        "how", "image", "in", "is", "large", "left", "lies", "location", "many", "more", "number", "object", "objects", "of", "on", "one",
        "or", "outnumber", "picture", "purple", "red", "right", "row", "see", "shape", "show", "size", "small", "square", "squares",
        "than", "the", "there", "this", "three", "top", "triangle", "triangles", "two", "what", "where", "which", "while", "white",
        "with", "yellow", "you",
    ];

    /// <summary>
    /// <see cref="Words"/> and, behind them, what the compositional questions, the statements about two pictures, the answers and the prompts
    /// of the four tasks need beyond them: the vocabulary of a backbone for all tasks.
    /// </summary>
    public static IReadOnlyList<string> MultitaskWords { get; } =
    [
        .. Words,
        ":", "0", "1", "2", "3", "4", "above", "below", "both", "caption", "false", "gqa", "nlvr", "no", "only", "pictures", "same", "true", "vqa", "yes",
    ];
}
