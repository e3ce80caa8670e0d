using System.Text.Json.Nodes;
using VLPeft.Checkpoints;
using VLPeft.Models.Bart;
using VLPeft.Training;

namespace VLPeft.Pretraining;

/// <summary>A BART that restores texts; its head is the word embedding.</summary>
internal sealed class DenoisingPretraining : ILanguageModelPretraining
{
    private readonly BartModel _model;
    private readonly DenoisingPretrainingTask _task;

    public DenoisingPretraining(TextPretrainingOptions options, TextCorpus corpus)
    {
        _model = new BartModel(options.Bart(corpus.Tokenizer.VocabularySize, corpus.Tokenizer.PadId));
        _task = new DenoisingPretrainingTask(_model, corpus, options);
    }

    public PretrainingParameters Parameters => new(PretrainingTrainer.Count(_model), 0);

    public TrainingOutcome Train(TrainerOptions options, RunFolder folder, IProgressReporter progress, CancellationToken cancellation) =>
        Trainer.Run(_task, options, folder, progress, cancellation);

    public EvaluationResult Measure() => _task.Validate(CancellationToken.None);

    public void Save(PretrainingFolder folder)
    {
        folder.WriteSpecialTokens(new JsonObject
        {
            ["bos_token"] = "<s>", ["eos_token"] = "</s>", ["cls_token"] = "<s>", ["sep_token"] = "</s>",
            ["unk_token"] = "<unk>", ["pad_token"] = "<pad>", ["mask_token"] = "<mask>",
        });
        SafetensorsWriter.Write(folder.In("model.safetensors"), _model.state_dict(), new Dictionary<string, string> { ["format"] = "pt" });
        AtomicFile.WriteText(folder.In("config.json"), JsonNode.Parse(_model.ConfigJson)!.ToJsonString(PretrainingFolder.Json) + "\n");
    }

    public void Dispose() => _model.Dispose();
}
