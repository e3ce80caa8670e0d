using VLPeft.Routing;
using VLPeft.VisionLanguage;

namespace VLPeft.Recipes;

/// <summary>Settings that several tasks in one encoder-decoder do not have, and data that a task can't read: refused.</summary>
internal static class MultitaskCombinations
{
    public static void Validate(Recipe recipe)
    {
        var text = new TextSection();
        MultitaskSection section = recipe.Multitask;
        Refuse(section.Tasks.Count == 0, "multitask.tasks: expected at least one task, [{task: vqa, data: …}], got none.");
        Refuse(recipe.Head != new HeadSection(), "head: answers are text here; there is no classifier.");
        Refuse(recipe.Text.Prefix != text.Prefix || recipe.Text.PrefixSource != text.PrefixSource || recipe.Text.Readout != text.Readout || recipe.Text.Pooler != text.Pooler,
            "text.prefix, text.prefix-source, text.readout and text.pooler: image tokens stand behind the text and the decoder reads all positions; leave them out.");
        Refuse(recipe.Text.Tokenizer != text.Tokenizer, "text.tokenizer: expected the model's own.");
        Refuse(recipe.RoutingFeature != new RoutingFeatureSection(), "routing-feature: x_R is the mean of what each attention reads; leave it out.");
        Refuse(recipe.Vision.Train, "vision.train: the image tokens come from a frozen encoder; expected false.");
        Refuse(recipe.Caption.Loss != CaptionLossChoice.Default, "caption.loss: expected default.");
        Refuse(recipe.Training.Evaluate is CheckpointChoice.BestAccuracy or CheckpointChoice.BestCider, "training.evaluate: expected best-mean, best-loss or last.");
        Refuse(recipe.Peft.Blocks != Peft.BlockRouting.Joint || recipe.Peft.AdapterPosition != AdapterPosition.PostModule, "peft.blocks and peft.adapter-position: only GPT-2 (task: captioning) has them.");
        Refuse(!KnownRoutingFunctions.Get(recipe.Peft.Routing).IsPositionWise, $"peft.routing: '{recipe.Peft.Routing}' mixes the tokens of a text; every word would then be predicted from the words behind it.");
        foreach (TaskSection task in section.Tasks)
            Task(recipe, task);
    }

    private static void Task(Recipe recipe, TaskSection task)
    {
        string name = $"multitask.tasks, {RecipeNames.Kebab(task.Task.ToString())}";
        DataSection data = task.Data ?? recipe.Data;
        DataKind[] kinds = KindsOf(task.Task);
        Refuse(!kinds.Contains(data.Kind), $"{name}: data.kind: expected {string.Join(", ", kinds.Select(kind => RecipeNames.Kebab(kind.ToString())))}, got {RecipeNames.Kebab(data.Kind.ToString())}.");
        Refuse(data.ShuffleImages && task.Task == TextTask.Nlvr, $"{name}: data.shuffle-images: a statement has two pictures; the control is not made for it.");
        Refuse(data.Answers is not null, $"{name}: data.answers: answers are text here; there is no vocabulary of them.");
        Refuse(data.Repeat != new RepeatSection(), $"{name}: data.repeat: answers have no types here.");
        Refuse(data.KarpathySplit is not null && data.Kind != DataKind.Vqav2, $"{name}: data.karpathy-split: it divides VQAv2's questions (kind: vqav2).");
        Refuse(recipe.Training.Evaluate != CheckpointChoice.Last && !RecipeCombinations.HasValidation(data), $"{name}: the best checkpoint is chosen on a validation split (training.evaluate), and there is none.");
        Refuse(task.Features.Count == 0 && recipe.Vision.Model is null && !recipe.Vision.Features.IsNamed, $"{name}: the pictures' tokens are read; name vision.model, vision.features, or the task's features.");
    }

    private static DataKind[] KindsOf(TextTask task) => task switch
    {
        TextTask.Vqa => [DataKind.Vqav2, DataKind.EasyVqa, DataKind.Scenes],
        TextTask.Gqa => [DataKind.Gqa, DataKind.Scenes],
        TextTask.Nlvr => [DataKind.Nlvr2, DataKind.Scenes],
        _ => [DataKind.CocoCaptions, DataKind.Karpathy, DataKind.Flickr, DataKind.Scenes],
    };

    private static void Refuse(bool wrong, string message)
    {
        if (wrong)
            throw new InvalidInputException(message);
    }
}
