using VLPeft.Training;

namespace VLPeft.Pretraining;

/// <summary>A small language model, its task, and how it is written.</summary>
internal interface ILanguageModelPretraining : IDisposable
{
    /// <summary>Parameter counts.</summary>
    PretrainingParameters Parameters { get; }

    /// <summary>Trains, or goes on.</summary>
    TrainingOutcome Train(TrainerOptions options, RunFolder folder, IProgressReporter progress, CancellationToken cancellation);

    /// <summary>Metrics on the held-out texts.</summary>
    EvaluationResult Measure();

    /// <summary>Writes everything of a Hugging Face folder but the tokenizer.json; config.json comes last.</summary>
    void Save(PretrainingFolder folder);
}
