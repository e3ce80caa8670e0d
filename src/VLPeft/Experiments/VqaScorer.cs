using TorchSharp;
using VLPeft.Data;
using VLPeft.Data.Batching;
using VLPeft.Evaluation;
using VLPeft.Recipes;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>What a model answers to a split.</summary>
/// <param name="Predictions">The likeliest answer to each question, in the split's order.</param>
/// <param name="Accuracy">The official VQA accuracy; null without annotations.</param>
/// <param name="Loss">The mean loss; null without annotations.</param>
public sealed record VqaScores(IReadOnlyList<VqaPrediction> Predictions, VqaAccuracyReport? Accuracy, double? Loss);

/// <summary>Runs a model over questions.</summary>
internal sealed class VqaScorer(VqaSystem system, AnswerVocabulary answers, TrainingSection training)
{
    /// <summary>Logits (B, answers) of a batch, with a graph when gradients are on.</summary>
    public Tensor Logits(VqaBatch batch) => system.Model.call(
        batch.Ids, batch.Mask, batch.Images.Encoded(system.Backbones.Vision, system.Model.Image.Options));

    /// <summary>Answers all questions of a split; the model must be in evaluation mode.</summary>
    public VqaScores Score(VqaQuestions questions, CancellationToken cancellation = default)
    {
        var predictions = new VqaPrediction[questions.Split.Examples.Count];
        double loss = 0;
        bool scored = questions.Coverage is not null;
        using (no_grad())
            foreach (ReadOnlyMemory<int> plan in BatchPlan.ByLength(questions.Lengths, training.RowsInEvaluation))
            {
                cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                VqaBatch batch = questions.Batch(plan);
                Tensor logits = Logits(batch);
                if (scored)
                    loss += VqaLoss.Of(logits, batch.Targets!).ToDouble() * batch.Questions.Length;
                Store(logits.argmax(1), batch, questions, predictions);
            }
        VqaAccuracyReport? accuracy = scored ? VqaAccuracy.Evaluate(questions.Split.Examples, predictions) : null;
        return new VqaScores(predictions, accuracy, scored ? loss / predictions.Length : null);
    }

    private void Store(Tensor best, VqaBatch batch, VqaQuestions questions, VqaPrediction[] predictions)
    {
        long[] indices = best.data<long>().ToArray();
        for (int i = 0; i < indices.Length; i++)
            predictions[batch.Questions[i]] = new VqaPrediction(questions.Split.Examples[batch.Questions[i]].QuestionId, answers[(int)indices[i]]);
    }
}
