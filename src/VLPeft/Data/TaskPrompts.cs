namespace VLPeft.Data;

/// <summary>What stands in front of a text to say which task it belongs to, and the words of NLVR2's answers (method.md §6).</summary>
public static class TaskPrompts
{
    /// <summary>Questions of VQAv2's kind.</summary>
    public const string Vqa = "vqa: ";

    /// <summary>Questions of GQA's kind.</summary>
    public const string Gqa = "gqa: ";

    /// <summary>Statements about two pictures.</summary>
    public const string Nlvr = "nlvr: ";

    /// <summary>Captions; nothing follows it.</summary>
    public const string Caption = "caption: ";

    /// <summary>"true" or "false".</summary>
    public static string TruthOf(bool label) => label ? "true" : "false";
}
