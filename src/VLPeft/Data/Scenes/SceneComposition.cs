namespace VLPeft.Data.Scenes;

/// <summary>What a compositional question asks for, after GQA's structural types.</summary>
internal enum SceneCompositionType
{
    /// <summary>An attribute of the one object that lies so, seen from another.</summary>
    Query,

    /// <summary>Whether any such object lies so, seen from another.</summary>
    Verify,

    /// <summary>Whether two objects share an attribute.</summary>
    Compare,

    /// <summary>Two existences joined by "and" or "or".</summary>
    Logical,

    /// <summary>Which of two values an object's attribute has.</summary>
    Choose,
}

/// <summary>A compositional question about a scene with its one right answer.</summary>
/// <param name="Type">What it asks for.</param>
/// <param name="Text">Lower-case words and a question mark; at most 14 words.</param>
/// <param name="Answer">One of <see cref="SceneAnswers.All"/>.</param>
internal sealed record SceneComposition(SceneCompositionType Type, string Text, string Answer)
{
    /// <summary>The type as GQA's files spell it, for example "query".</summary>
    public string TypeName => Type.ToString().ToLowerInvariant();
}
