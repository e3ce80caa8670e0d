using System.Text.Json.Nodes;
using VLPeft.Checkpoints;
using VLPeft.Models.Bert;
using VLPeft.Training;

namespace VLPeft.Pretraining;

/// <summary>A RoBERTa with the head that guesses masked words.</summary>
internal sealed class MaskedPretraining : ILanguageModelPretraining
{
    private readonly TextPretrainingTask _task;

    public MaskedPretraining(TextPretrainingOptions options, TextCorpus corpus)
    {
        var model = new BertFamilyModel(options.Roberta(corpus.Tokenizer.VocabularySize, corpus.Tokenizer.PadId), pooler: false);
        _task = new TextPretrainingTask(model, new LmHead(model.Config), corpus, options);
    }

    public PretrainingParameters Parameters => new(PretrainingTrainer.Count(_task.Model), PretrainingTrainer.Count(_task.Head));

    public TrainingOutcome Train(TrainerOptions options, RunFolder folder, IProgressReporter progress, CancellationToken cancellation) =>
        Trainer.Run(_task, options, folder, progress, cancellation);

    public EvaluationResult Measure() => _task.Validate(CancellationToken.None);

    // Hugging Face's names for a model with this head: "roberta." before the encoder's.
    public void Save(PretrainingFolder folder)
    {
        folder.WriteSpecialTokens(new JsonObject
        {
            ["bos_token"] = "<s>", ["eos_token"] = "</s>", ["cls_token"] = "<s>", ["sep_token"] = "</s>",
            ["unk_token"] = "<unk>", ["pad_token"] = "<pad>", ["mask_token"] = "<mask>",
        });
        var tensors = _task.Model.state_dict().Select(one => KeyValuePair.Create("roberta." + one.Key, one.Value))
            .Concat(_task.Head.state_dict().Select(one => KeyValuePair.Create("lm_head." + one.Key, one.Value)));
        SafetensorsWriter.Write(folder.In("model.safetensors"), tensors, new Dictionary<string, string> { ["format"] = "pt" });
        JsonObject config = JsonNode.Parse(_task.Model.ConfigJson)!.AsObject();
        config["architectures"] = new JsonArray("RobertaForMaskedLM");
        config["tie_word_embeddings"] = true;
        AtomicFile.WriteText(folder.In("config.json"), config.ToJsonString(PretrainingFolder.Json) + "\n");
    }

    public void Dispose()
    {
        _task.Model.Dispose();
        _task.Head.Dispose();
    }
}
