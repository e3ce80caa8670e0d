using System.Globalization;
using System.Text.Json;
using VLPeft.Training;
using static TorchSharp.torch;

namespace VLPeft.Pretraining;

/// <summary>
/// Pre-trains a small RoBERTa by masked language modelling, a small GPT-2 by predicting the next word, or a small BART by restoring texts, on the
/// embedded benchmark's questions and captions or on a user's own texts. No picture is involved.
/// </summary>
public static class TextPretraining
{
    internal const string Kind = "text";

    /// <summary>
    /// Trains, measures on held-out texts, and writes a Hugging Face folder of a RobertaForMaskedLM, GPT2LMHeadModel or BartForConditionalGeneration (config.json,
    /// model.safetensors, tokenizer.json, tokenizer_config.json, special_tokens_map.json) with a <c>pretraining.json</c>. A RoBERTa has no
    /// pooler, since masked language modelling trains none. The same options give the same bytes on the same machine, with the same number of torch threads. Until then the run is kept
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
        random.manual_seed(options.Seed);
        using ILanguageModelPretraining model = options.Architecture switch
        {
            TextArchitecture.Gpt2 => new CausalPretraining(options, corpus),
            TextArchitecture.Bart => new DenoisingPretraining(options, corpus),
            _ => new MaskedPretraining(options, corpus),
        };
        TrainingOutcome outcome = model.Train(TrainerOptionsOf(options, corpus), folder.Run, progress, cancellation);
        if (outcome.Status == TrainingStatus.Interrupted)
            return new PretrainingOutcome(outcome, null);
        PretrainingReport report = Report(options, corpus, model);
        corpus.Tokenizer.Save(folder.In("tokenizer.json"));
        model.Save(folder);
        folder.Finish(report);
        return new PretrainingOutcome(outcome, report);
    }

    private static TrainerOptions TrainerOptionsOf(TextPretrainingOptions options, TextCorpus corpus) => PretrainingTrainer.Options(
        options.Steps, options.LearningRate, beta2: 0.999, options.Seed,
        $"{JsonSerializer.Serialize(options)}, texts {corpus.Fingerprint}");

    private static PretrainingReport Report(TextPretrainingOptions options, TextCorpus corpus, ILanguageModelPretraining model)
    {
        using var frozen = no_grad();
        return new PretrainingReport(
            Kind,
            Command(options),
            corpus.Description,
            new Dictionary<string, object?>
            {
                ["seed"] = options.Seed,
                ["architecture"] = options.Architecture.ToString().ToLowerInvariant(),
                ["source"] = options.Source.ToString().ToLowerInvariant(),
                ["texts"] = corpus.Train.Length,
                ["texts_fingerprint"] = corpus.Fingerprint,
                ["minimum_count"] = options.MinimumCount,
                ["max_length"] = options.MaxLength,
                ["steps"] = options.Steps,
                ["batch_size"] = options.BatchSize,
                ["learning_rate"] = options.LearningRate,
                ["masked_share"] = options.Architecture == TextArchitecture.Roberta ? options.MaskedShare : null,
                ["infilled_share"] = options.Architecture == TextArchitecture.Bart ? options.InfilledShare : null,
            },
            model.Parameters,
            PretrainingTrainer.Numbers(model.Measure()));
    }

    private static string Command(TextPretrainingOptions options)
    {
        string source = options.Source switch
        {
            TextSource.Lines => $"--texts {Path.GetFileName(options.File)} --min-count {options.MinimumCount}",
            TextSource.Captions => $"--captions {Path.GetFileName(options.File)} --min-count {options.MinimumCount}",
            TextSource.Questions => $"--questions {Path.GetFileName(options.File)} --min-count {options.MinimumCount}",
            _ => string.Create(CultureInfo.InvariantCulture, $"--generate {options.Texts}"),
        };
        return string.Create(CultureInfo.InvariantCulture,
            $"vlpeft pretrain text --architecture {options.Architecture.ToString().ToLowerInvariant()} --output FOLDER --seed {options.Seed} {source} --steps {options.Steps} "
            + $"--max-length {options.MaxLength} --batch-size {options.BatchSize} --learning-rate {options.LearningRate:R}");
    }
}
