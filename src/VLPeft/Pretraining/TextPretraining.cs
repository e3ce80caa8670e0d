using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Data;
using VLPeft.Data.Batching;
using VLPeft.Data.Scenes;
using VLPeft.Models;
using VLPeft.Models.Bert;
using VLPeft.Preprocessing;
using VLPeft.Training;
using static TorchSharp.torch;

namespace VLPeft.Pretraining;

/// <summary>How a tiny RoBERTa is pre-trained by masked language modelling (docs/embedded-benchmark.md).</summary>
public sealed record TextPretrainingOptions
{
    /// <summary>Seeds texts, weights, batches and masks.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>The texts; null for generated questions and captions about scenes.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public IReadOnlyList<string>? Texts { get; init; }

    /// <summary>How many texts are generated when none are given.</summary>
    public int GeneratedTexts { get; init; } = 30_000;

    /// <summary>Steps.</summary>
    public int Steps { get; init; } = 1_500;

    /// <summary>Texts a batch.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>The peak learning rate.</summary>
    public double LearningRate { get; init; } = 2e-3;

    /// <summary>The share of words that is masked.</summary>
    public double MaskShare { get; init; } = 0.2;

    /// <summary>Tokens of a text at most.</summary>
    public int MaxLength { get; init; } = 40;

    /// <summary>d.</summary>
    public long Width { get; init; } = 64;

    /// <summary>Layers.</summary>
    public long Layers { get; init; } = 4;
}

/// <summary>
/// Pre-trains a tiny RoBERTa without any picture: a share of the words is hidden (80 % masked, 10 % another word, 10 % left) and
/// guessed. The head is thrown away, and there is no pooler, since nothing would train it.
/// </summary>
public static class TextPretraining
{
    /// <summary>Trains, and writes a Hugging Face folder with its tokenizer and pretraining.json.</summary>
    /// <param name="options">The settings.</param>
    /// <param name="folder">The folder; training state is kept in FOLDER.pretraining until it is done.</param>
    /// <param name="progress">Is told how it goes.</param>
    /// <param name="cancellation">Ends after the current step; the same call goes on.</param>
    /// <returns>The held-out metrics; null when it was interrupted.</returns>
    /// <exception cref="InvalidInputException">There are too few texts.</exception>
    public static IReadOnlyDictionary<string, double>? Run(
        TextPretrainingOptions options, string folder, IProgressReporter progress, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        string[] texts = [.. options.Texts ?? ScenePretrainingData.Texts(options.GeneratedTexts, (ulong)options.Seed)];
        int heldOut = texts.Length / 30;
        if (heldOut < 1)
            throw new InvalidInputException($"pre-training needs 30 texts or more (one in thirty is held out), but there are {texts.Length}.");
        new DeterministicRandom((ulong)options.Seed).Shuffle(texts.AsSpan());
        // Scenes have a vocabulary of their own, which any texts about scenes are within.
        WordLevelTokenizer tokenizer = WordLevelTokenizer.Build(options.Texts ?? [string.Join(' ', SceneVocabulary.Words)]);
        random.manual_seed(options.Seed);
        using var task = new MaskedWordsTask(options, tokenizer, texts[heldOut..], texts[..heldOut]);
        return PretrainingRun.Execute(task, MaskedWordsTask.OptionsOf(options), folder, progress, metrics =>
        {
            tokenizer.Save(Path.Combine(folder, "tokenizer.json"));
            HubFolder.Save(task.Text, task.Text.ConfigJson, folder);
            return new Dictionary<string, object>
            {
                ["kind"] = "text", ["options"] = options, ["texts"] = texts.Length, ["vocabulary"] = tokenizer.VocabularySize,
                ["held_out_texts"] = heldOut, ["held_out"] = metrics,
            };
        }, cancellation);
    }
}

/// <summary>Masked language modelling.</summary>
internal sealed class MaskedWordsTask : ITrainingTask<MaskedBatch>, IDisposable
{
    private const int Specials = 5; // <s>, <pad>, </s>, <unk>, <mask>
    private readonly TextPretrainingOptions _options;
    private readonly WordLevelTokenizer _tokenizer;
    private readonly int[][] _train, _heldOut;
    private readonly LmHead _head;
    private readonly LengthBucketSampler _sampler;

    public MaskedWordsTask(TextPretrainingOptions options, WordLevelTokenizer tokenizer, IEnumerable<string> train, IEnumerable<string> heldOut)
    {
        (_options, _tokenizer) = (options, tokenizer);
        _train = [.. train.Select(text => tokenizer.Encode(text, options.MaxLength))];
        _heldOut = [.. heldOut.Select(text => tokenizer.Encode(text, options.MaxLength))];
        var config = new BertFamilyConfig
        {
            Kind = BertKind.Roberta,
            VocabularySize = tokenizer.VocabularySize,
            Width = options.Width,
            Layers = options.Layers,
            Heads = 4,
            Intermediate = 4 * options.Width,
            PositionRows = options.MaxLength + 8, // the visual prefix, and RoBERTa's two unused rows
            TokenTypes = 1,
            PadId = tokenizer.PadId,
            Activation = HiddenActivation.Gelu,
            LayerNormEps = 1e-5,
            InitializerRange = 0.02,
            Dropout = BackboneDropout.None,
        };
        Text = new BertFamilyModel(config, pooler: false);
        _head = new LmHead(config);
        _sampler = new LengthBucketSampler([.. _train.Select(tokens => tokens.Length)], new SamplerOptions { BatchSize = options.BatchSize, Seed = (ulong)options.Seed });
    }

    public BertFamilyModel Text { get; }

    public IReadOnlyList<(string Name, Parameter Parameter)> TrainableParameters =>
    [
        .. Text.named_parameters().Select(one => ($"text.{one.name}", one.parameter)),
        .. _head.named_parameters().Select(one => ($"head.{one.name}", one.parameter)),
    ];

    public int BatchesPerEpoch => _sampler.BatchesPerEpoch;

    public static TrainerOptions OptionsOf(TextPretrainingOptions options) => new()
    {
        Steps = options.Steps,
        LearningRate = options.LearningRate,
        Schedule = new ScheduleOptions(ScheduleShape.Linear, Warmup.Fraction(0.05)),
        Optimizer = new AdamWOptions { Beta2 = 0.98 },
        ClipNorm = 1,
        Validation = Cadence.Steps(Math.Max(1, options.Steps / 4)),
        LogEvery = 50,
        Seed = options.Seed,
        TensorBoard = false,
    };

    public IEnumerable<MaskedBatch> Batches(int epoch, int skip)
    {
        int number = skip;
        foreach (ReadOnlyMemory<int> rows in _sampler.Epoch(epoch).Skip(skip))
            yield return Mask(_train, rows.Span, DeterministicRandom.ForStream((ulong)_options.Seed, 1, (ulong)epoch, (ulong)number++));
    }

    public Tensor Loss(MaskedBatch batch) => nn.functional.cross_entropy(Logits(batch), batch.Labels);

    public int Examples(MaskedBatch batch) => (int)batch.Ids.size(0);

    public EvaluationResult Validate(CancellationToken cancellation)
    {
        double loss = 0, right = 0, words = 0;
        int number = 0;
        foreach (ReadOnlyMemory<int> rows in BatchPlan.ByLength([.. _heldOut.Select(tokens => tokens.Length)], 256))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            using MaskedBatch batch = Mask(_heldOut, rows.Span, DeterministicRandom.ForStream((ulong)_options.Seed, 2, (ulong)number++));
            Tensor logits = Logits(batch);
            loss += nn.functional.cross_entropy(logits, batch.Labels, reduction: nn.Reduction.Sum).ToDouble();
            right += logits.argmax(1).eq(batch.Labels).sum().ToDouble();
            words += batch.Labels.size(0);
        }
        return new EvaluationResult(EvaluationResult.Loss(loss / words), EvaluationResult.Accuracy(right / words));
    }

    public void Dispose()
    {
        Text.Dispose();
        _head.Dispose();
    }

    public void Train() => Text.train();

    public void Eval() => Text.eval();

    // (N, vocabulary), for the hidden words alone
    private Tensor Logits(MaskedBatch batch)
    {
        Tensor hidden = Text.Encode(Text.Embed(batch.Ids), batch.Mask); // (B, T, d)
        return _head.call(hidden.flatten(0, 1).index_select(0, batch.Positions), Text.WordEmbeddingWeight);
    }

    private MaskedBatch Mask(int[][] texts, ReadOnlySpan<int> rows, DeterministicRandom random)
    {
        PaddedBatch padded = PaddedBatch.Of(texts, rows, _tokenizer.PadId);
        Span<long> ids = System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(padded.Ids.bytes);
        List<long> positions = [], labels = [];
        for (int i = 0; i < ids.Length; i++)
        {
            if (ids[i] < Specials || !random.NextBoolean(_options.MaskShare))
                continue;
            positions.Add(i);
            labels.Add(ids[i]);
            double choice = random.NextDouble();
            if (choice < 0.9)
                ids[i] = choice < 0.8 ? _tokenizer.MaskId!.Value : random.NextInt32(Specials, _tokenizer.VocabularySize);
        }
        if (positions.Count == 0) // no batch without a hidden word: the first of the first text
        {
            positions.Add(1);
            labels.Add(ids[1]);
            ids[1] = _tokenizer.MaskId!.Value;
        }
        return new MaskedBatch(padded.Ids, padded.Mask, tensor(positions.ToArray()), tensor(labels.ToArray()));
    }
}

/// <summary>Texts with hidden words. B texts, T tokens, N hidden words.</summary>
/// <param name="Ids">(B, T).</param>
/// <param name="Mask">(B, T).</param>
/// <param name="Positions">(N): where the hidden words are in the flattened (B · T).</param>
/// <param name="Labels">(N): what they were.</param>
internal sealed record MaskedBatch(Tensor Ids, Tensor Mask, Tensor Positions, Tensor Labels) : IDisposable
{
    public void Dispose()
    {
        Ids.Dispose();
        Mask.Dispose();
        Positions.Dispose();
        Labels.Dispose();
    }
}
