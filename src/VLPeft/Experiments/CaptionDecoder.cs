using VLPeft.Data.Batching;
using VLPeft.Generation;
using VLPeft.Preprocessing;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>Lets a model say what it sees.</summary>
internal sealed class CaptionDecoder(CaptionSystem system, ITextTokenizer tokenizer)
{
    /// <summary>The captions of pictures that lie in a batch; the model must be in evaluation mode.</summary>
    /// <param name="features">Their features; null when nothing of them is read.</param>
    /// <param name="count">How many pictures.</param>
    /// <param name="options">How to search.</param>
    /// <param name="onText">Is told a single picture's caption as it grows.</param>
    /// <param name="cancellation">Looked at before every step.</param>
    public string[] Decode(ImageFeatures? features, int count, GenerationOptions options, Action<string>? onText, CancellationToken cancellation)
    {
        List<int> said = [];
        Action<GeneratedToken>? onToken = onText is null ? null : token =>
        {
            said.Add((int)token.Token);
            onText(Text(said));
        };
        using IDecoderSession session = system.Model.BeginDecoding(features, count, options.MaxLength);
        return [.. SequenceGenerator.Generate(session, options, onToken: onToken, cancellation: cancellation)
            .Select(sequences => sequences.Count == 0 ? "" : Text(sequences[0].Tokens.Select(token => (int)token)))];
    }

    /// <summary>The captions of the first <paramref name="count"/> pictures.</summary>
    public string[] Decode(
        RowImages images, int count, int batchSize, GenerationOptions options, Action<double>? progress, CancellationToken cancellation)
    {
        var captions = new List<string>(count);
        foreach (ReadOnlyMemory<int> rows in BatchPlan.InOrder(count, batchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            BatchImages batch = images.Gather(rows.Span);
            captions.AddRange(Decode(batch.Encoded(system.Backbones.Vision, system.Model.Image.Options), rows.Length, options, null, cancellation));
            progress?.Invoke((double)captions.Count / count);
        }
        return [.. captions];
    }

    private string Text(IEnumerable<int> tokens) => tokenizer.Decode([.. tokens], skipSpecialTokens: true).Trim();
}
