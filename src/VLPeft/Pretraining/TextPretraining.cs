using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using VLPeft.Checkpoints;
using VLPeft.Models.Bert;
using VLPeft.Training;
using static TorchSharp.torch;

namespace VLPeft.Pretraining;

/// <summary>
/// Pre-trains a small RoBERTa by masked language modelling, on the embedded benchmark's questions and captions or on a user's own texts.
/// No picture is involved.
/// </summary>
public static class TextPretraining
{
    internal const string Kind = "text";

    private const string TokenizerConfig = """
        {
          "tokenizer_class": "PreTrainedTokenizerFast",
          "bos_token": "<s>",
          "eos_token": "</s>",
          "cls_token": "<s>",
          "sep_token": "</s>",
          "unk_token": "<unk>",
          "pad_token": "<pad>",
          "mask_token": "<mask>"
        }

        """;

    /// <summary>
    /// Trains, measures on held-out texts, and writes a Hugging Face folder of a RobertaForMaskedLM (config.json, model.safetensors,
    /// tokenizer.json, tokenizer_config.json) with a <c>pretraining.json</c>. There is no pooler, since masked language modelling trains
    /// none. The same options give the same bytes on the same machine, with the same number of torch threads. Until then the run is kept
    /// in <c>FOLDER.pretraining</c>: the same call goes on after an interruption.
    /// </summary>
    /// <param name="options">Texts, steps and learning rate.</param>
    /// <param name="outputFolder">New, empty, or an earlier result, which is replaced.</param>
    /// <param name="progress">Is told how it goes.</param>
    /// <param name="cancellation">Ends the run after the current step.</param>
    /// <exception cref="InvalidInputException">
    /// An option is out of range, the texts' file is missing, damaged or has too few texts, the folder holds other files, or the
    /// interrupted run in it has other options or texts.
    /// </exception>
    public static PretrainingOutcome Run(
        TextPretrainingOptions options, string outputFolder, IProgressReporter progress, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(progress);
        options.Validate();
        var folder = new PretrainingFolder(outputFolder, Kind);
        TextCorpus corpus = TextCorpus.Of(options);
        progress.Message($"{corpus.Description}; {corpus.Tokenizer.VocabularySize:N0} tokens in the vocabulary");
        TextPretrainingTask task = MakeTask(options, corpus);
        using (task.Model)
        using (task.Head)
        {
            TrainingOutcome outcome = Trainer.Run(task, TrainerOptionsOf(options, corpus), folder.Run, progress, cancellation);
            if (outcome.Status == TrainingStatus.Interrupted)
                return new PretrainingOutcome(outcome, null);
            PretrainingReport report = Report(options, corpus, task);
            Save(task, corpus, folder);
            folder.Finish(report);
            return new PretrainingOutcome(outcome, report);
        }
    }

    private static TextPretrainingTask MakeTask(TextPretrainingOptions options, TextCorpus corpus)
    {
        random.manual_seed(options.Seed);
        var model = new BertFamilyModel(options.Architecture(corpus.Tokenizer.VocabularySize, corpus.Tokenizer.PadId), pooler: false);
        return new TextPretrainingTask(model, new LmHead(model.Config), corpus, options);
    }

    private static TrainerOptions TrainerOptionsOf(TextPretrainingOptions options, TextCorpus corpus) => PretrainingTrainer.Options(
        options.Steps, options.LearningRate, beta2: 0.999, options.Seed,
        $"{JsonSerializer.Serialize(options)}, texts {corpus.Fingerprint}");

    // Hugging Face's names for a model with this head: "roberta." before the encoder's.
    private static void Save(TextPretrainingTask task, TextCorpus corpus, PretrainingFolder folder)
    {
        corpus.Tokenizer.Save(folder.In("tokenizer.json"));
        AtomicFile.WriteText(folder.In("tokenizer_config.json"), TokenizerConfig);
        var tensors = task.Model.state_dict().Select(one => KeyValuePair.Create("roberta." + one.Key, one.Value))
            .Concat(task.Head.state_dict().Select(one => KeyValuePair.Create("lm_head." + one.Key, one.Value)));
        SafetensorsWriter.Write(folder.In("model.safetensors"), tensors, new Dictionary<string, string> { ["format"] = "pt" });
        JsonObject config = JsonNode.Parse(task.Model.ConfigJson)!.AsObject();
        config["architectures"] = new JsonArray("RobertaForMaskedLM");
        config["tie_word_embeddings"] = true;
        AtomicFile.WriteText(folder.In("config.json"), config.ToJsonString(PretrainingFolder.Json) + "\n");
    }

    private static PretrainingReport Report(TextPretrainingOptions options, TextCorpus corpus, TextPretrainingTask task)
    {
        using var frozen = no_grad();
        return new PretrainingReport(
            Kind,
            Command(options),
            corpus.Description,
            new Dictionary<string, object?>
            {
                ["seed"] = options.Seed,
                ["source"] = options.Source.ToString().ToLowerInvariant(),
                ["texts"] = corpus.Train.Length,
                ["texts_fingerprint"] = corpus.Fingerprint,
                ["minimum_count"] = options.MinimumCount,
                ["max_length"] = options.MaxLength,
                ["steps"] = options.Steps,
                ["batch_size"] = options.BatchSize,
                ["learning_rate"] = options.LearningRate,
                ["masked_share"] = options.MaskedShare,
            },
            new PretrainingParameters(PretrainingTrainer.Count(task.Model), PretrainingTrainer.Count(task.Head)),
            PretrainingTrainer.Numbers(task.Validate(CancellationToken.None)));
    }

    private static string Command(TextPretrainingOptions options)
    {
        string source = options.Source switch
        {
            TextSource.Lines => $"--texts {Path.GetFileName(options.File)} --min-count {options.MinimumCount}",
            TextSource.Questions => $"--questions {Path.GetFileName(options.File)} --min-count {options.MinimumCount}",
            _ => string.Create(CultureInfo.InvariantCulture, $"--generate {options.Texts}"),
        };
        return string.Create(CultureInfo.InvariantCulture,
            $"vlpeft pretrain text --output FOLDER --seed {options.Seed} {source} --steps {options.Steps} "
            + $"--max-length {options.MaxLength} --batch-size {options.BatchSize} --learning-rate {options.LearningRate:R}");
    }
}
