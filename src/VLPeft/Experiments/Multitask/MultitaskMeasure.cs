using TorchSharp;
using VLPeft.Data.Batching;
using VLPeft.Generation;
using VLPeft.Models;
using VLPeft.Preprocessing;
using VLPeft.Recipes;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>Runs a model over requests: losses, and what it says.</summary>
internal sealed class MultitaskMeasure(Recipe recipe, MultitaskSystem system, ITextTokenizer tokenizer)
{
    private IEncoderDecoder Text => system.Backbones.Text;

    /// <summary>The loss of a batch, with a graph when gradients are on.</summary>
    public Tensor Loss(TextBatch batch)
    {
        Tensor targets = EncoderDecoderLoss.Targets(batch.Labels!, Text.StartId, Text.PaddingId);
        return EncoderDecoderLoss.Of(system.Model.call(batch.Ids, batch.Mask, batch.Tokens, targets), batch.Labels!, batch.Weights);
    }

    /// <summary>The mean loss over the first rows; the model must be in evaluation mode.</summary>
    /// <param name="texts">Rows with targets.</param>
    /// <param name="limit">How many of them; 0 for all.</param>
    /// <param name="cancellation">Ends the work.</param>
    public double MeanLoss(TaskTexts texts, int limit, CancellationToken cancellation)
    {
        double loss = 0;
        ReadOnlySpan<int> lengths = texts.Lengths.AsSpan(0, limit == 0 ? texts.Lengths.Length : Math.Min(limit, texts.Lengths.Length));
        int count = lengths.Length;
        using (no_grad())
            foreach (ReadOnlyMemory<int> rows in BatchPlan.ByLength(lengths, recipe.Training.RowsInEvaluation))
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                loss += Loss(texts.Batch(rows, pass: 0)).ToDouble() * rows.Length;
            }
        return loss / count;
    }

    /// <summary>What the model says to the first requests; it must be in evaluation mode.</summary>
    /// <param name="requests">The requests.</param>
    /// <param name="options">How to search.</param>
    /// <param name="limit">How many requests; 0 for all.</param>
    /// <param name="batchSize">How many at once.</param>
    /// <param name="progress">Told the share done.</param>
    /// <param name="cancellation">Ends the work between two tokens.</param>
    public string[] Say(TaskTexts requests, GenerationOptions options, int limit, int batchSize, Action<double>? progress, CancellationToken cancellation)
    {
        string[] said = new string[limit == 0 ? requests.Lengths.Length : Math.Min(limit, requests.Lengths.Length)];
        int done = 0;
        foreach (ReadOnlyMemory<int> rows in BatchPlan.ByLength(requests.Lengths.AsSpan(0, said.Length), batchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            TextBatch batch = requests.Batch(rows, pass: 0);
            foreach ((int row, string text) in rows.ToArray().Zip(Say(batch.Ids, batch.Mask, batch.Tokens, options, cancellation)))
                said[row] = text;
            progress?.Invoke((double)(done += rows.Length) / said.Length);
        }
        return said;
    }

    /// <summary>What the model says to some requests at once; it must be in evaluation mode.</summary>
    public IEnumerable<string> Say(Tensor ids, Tensor? mask, ImageTokens images, GenerationOptions options, CancellationToken cancellation)
    {
        using IDecoderSession session = system.Model.BeginDecoding(ids, mask, images, options.MaxLength);
        return SequenceGenerator.Generate(session, options, cancellation: cancellation).Select(sequences => sequences.Count == 0 ? ""
            : tokenizer.Decode([.. sequences[0].Tokens.Select(token => (int)token)], skipSpecialTokens: true).Trim()).ToArray();
    }

    /// <summary>How a task's answers are found: greedily, captions by the recipe's generation settings.</summary>
    /// <param name="task">The task.</param>
    /// <param name="greedy">Captions greedily, too.</param>
    public GenerationOptions OptionsOf(TextTask task, bool greedy)
    {
        GenerationSection section = task != TextTask.Caption ? new GenerationSection { Beams = 1, MaxLength = recipe.Multitask.AnswerLength }
            : greedy ? recipe.Generation with { Beams = 1 } : recipe.Generation;
        return section.ToOptions(Text.EndId) with { StartId = Text.StartId };
    }

    /// <summary>Requests that are answered at once.</summary>
    public int BatchOf(TextTask task) => task == TextTask.Caption ? recipe.Generation.BatchSize : recipe.Training.RowsInEvaluation;
}
