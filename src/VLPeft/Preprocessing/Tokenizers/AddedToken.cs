namespace VLPeft.Preprocessing;

/// <summary>
/// A token that is found in the text before the model sees it. The fields are those of Hugging Face's <c>added_tokens</c>: white space
/// beside it is swallowed (LStrip, RStrip), it may have to stand as a word of its own, and it is looked for in the normalized or in
/// the raw text; a special one is left out of decoded text on request.
/// </summary>
internal sealed record AddedToken(
    string Content, int Id, bool Special = true, bool LStrip = false, bool RStrip = false, bool SingleWord = false,
    bool Normalized = false);
