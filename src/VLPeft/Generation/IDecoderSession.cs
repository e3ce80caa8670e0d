using static TorchSharp.torch;

namespace VLPeft.Generation;

/// <summary>One running decode: rows of token sequences with a cache.</summary>
public interface IDecoderSession : IDisposable
{
    /// <summary>The current number of rows: images × beams.</summary>
    int Rows { get; }

    /// <summary>Feeds the prompt (the visual prefix).</summary>
    /// <returns>Logits of the next token, (rows, vocabulary).</returns>
    Tensor Start();

    /// <summary>Feeds one token a row.</summary>
    /// <param name="tokens">(rows), int64.</param>
    /// <returns>Logits of the next token, (rows, vocabulary).</returns>
    Tensor Next(Tensor tokens);

    /// <summary>Row i continues what row <c>parents[i]</c> had.</summary>
    /// <param name="parents">(new rows), int64; their number may differ from that of the rows so far.</param>
    void Reorder(Tensor parents);
}
