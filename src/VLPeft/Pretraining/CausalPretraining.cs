using System.Text.Json.Nodes;
using VLPeft.Checkpoints;
using VLPeft.Models.Gpt2;
using VLPeft.Preprocessing;
using VLPeft.Training;

namespace VLPeft.Pretraining;

/// <summary>A GPT-2 that predicts the next word; its head is the word embedding.</summary>
internal sealed class CausalPretraining : ILanguageModelPretraining
{
    private readonly CausalPretrainingTask _task;

    public CausalPretraining(TextPretrainingOptions options, TextCorpus corpus)
    {
        var model = new Gpt2Model(options.Gpt2(corpus.Tokenizer.VocabularySize, corpus.Tokenizer.PadId));
        _task = new CausalPretrainingTask(model, corpus, options);
    }

    public PretrainingParameters Parameters => new(PretrainingTrainer.Count(_task.Model), 0);

    public TrainingOutcome Train(TrainerOptions options, RunFolder folder, IProgressReporter progress, CancellationToken cancellation) =>
        Trainer.Run(_task, options, folder, progress, cancellation);

    public EvaluationResult Measure() => _task.Validate(CancellationToken.None);

    public void Save(PretrainingFolder folder)
    {
        folder.WriteSpecialTokens(new JsonObject
        {
            ["bos_token"] = WordLevelTokenizer.EndOfText, ["eos_token"] = WordLevelTokenizer.EndOfText, ["unk_token"] = "<unk>",
        });
        SafetensorsWriter.Write(folder.In("model.safetensors"), _task.Model.state_dict(), new Dictionary<string, string> { ["format"] = "pt" });
        AtomicFile.WriteText(folder.In("config.json"), JsonNode.Parse(_task.Model.ConfigJson)!.ToJsonString(PretrainingFolder.Json) + "\n");
    }

    public void Dispose() => _task.Model.Dispose();
}
