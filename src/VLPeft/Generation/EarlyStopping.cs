namespace VLPeft.Generation;

/// <summary>When beam search is done with an image, once it has as many finished sequences as beams (transformers' early_stopping).</summary>
public enum EarlyStopping
{
    /// <summary>
    /// False in transformers: when the best open beam, scored as if it ended now, can't beat the worst finished sequence. With a length penalty above 0 a
    /// longer sequence might still have won.
    /// </summary>
    Heuristic,

    /// <summary>True: at once.</summary>
    Immediately,

    /// <summary>"never": when no open beam could win at any length up to the largest.</summary>
    Never,
}
