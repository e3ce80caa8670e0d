using VLPeft.Routing;
using VLPeft.VisionLanguage;

namespace VLPeft.Recipes;

/// <summary>Settings that a task does not have: refused, so that none silently does nothing.</summary>
internal static class TaskCombinations
{
    public static void Validate(Recipe recipe)
    {
        switch (recipe.Task)
        {
            case RecipeTask.Captioning:
                Captioning(recipe);
                break;
            case RecipeTask.Multitask:
                MultitaskCombinations.Validate(recipe);
                return;
            default:
                Vqa(recipe);
                break;
        }
        var several = new MultitaskSection();
        Refuse(recipe.Multitask.Tasks.Count > 0 || recipe.Multitask with { Tasks = several.Tasks } != several, "multitask: only task: multitask has several tasks.");
        Refuse(recipe.Training.Evaluate == CheckpointChoice.BestMean, "training.evaluate: best-mean is the mean of several tasks (task: multitask).");
        Refuse(recipe.Data.Kind is DataKind.Gqa or DataKind.Nlvr2, $"data.kind: {RecipeNames.Kebab(recipe.Data.Kind.ToString())} goes with task: multitask, also for one task alone.");
    }

    private static void Vqa(Recipe recipe)
    {
        var peft = new PeftSection();
        Refuse(recipe.Caption != new CaptionSection(), "caption: only task: captioning has captions.");
        Refuse(recipe.Generation != new GenerationSection(), "generation: only task: captioning generates text.");
        Refuse(recipe.Peft.Blocks != peft.Blocks, "peft.blocks: only GPT-2 (task: captioning) has a fused projection.");
        Refuse(recipe.Peft.AdapterPosition != peft.AdapterPosition, "peft.adapter-position: only task: captioning has several.");
        Refuse(recipe.Training.Evaluate == CheckpointChoice.BestCider, "training.evaluate: best-cider is a measure of captions; expected best-accuracy, best-loss or last.");
        Refuse(IsCaptionData(recipe.Data.Kind), $"data.kind: {RecipeNames.Kebab(recipe.Data.Kind.ToString())} has no questions; it goes with task: captioning.");
    }

    private static void Captioning(Recipe recipe)
    {
        var text = new TextSection();
        var data = new DataSection();
        Refuse(!IsCaptionData(recipe.Data.Kind) && recipe.Data.Kind != DataKind.Scenes, $"data.kind: {RecipeNames.Kebab(recipe.Data.Kind.ToString())} has no captions; expected coco-captions, karpathy, flickr or scenes.");
        Refuse(recipe.Head != new HeadSection(), "head: captioning has no classifier; its language model's own head is frozen.");
        Refuse(recipe.Text.Prefix != PrefixKind.Single, "text.prefix: a caption starts from a visual prefix that is embedded once; expected single.");
        Refuse(recipe.Text.Readout != text.Readout || recipe.Text.Pooler != text.Pooler, "text.readout and text.pooler: captioning reads every position.");
        Refuse(recipe.Text.Tokenizer != text.Tokenizer, "text.tokenizer: captioning needs the model's own.");
        Refuse(recipe.Data.Answers is not null || recipe.Data.MinimumAnswerCount != data.MinimumAnswerCount, "data.answers and data.minimum-answer-count: captioning has no answer vocabulary.");
        Refuse(recipe.Data.Repeat != new RepeatSection(), "data.repeat: captions have no answer types.");
        Refuse(recipe.Training.Evaluate == CheckpointChoice.BestAccuracy, "training.evaluate: captions have no accuracy; expected best-cider, best-loss or last.");
        Refuse(recipe.Peft.Method != PeftMethod.Lora && recipe.Peft.Blocks != Peft.BlockRouting.Joint, "peft.blocks: only LoRA has blocks.");
        Refuse(recipe.Peft.Method != PeftMethod.Adapter && recipe.Peft.AdapterPosition != AdapterPosition.PostModule, "peft.adapter-position: only adapters have one.");
        Refuse(recipe.Peft.Method == PeftMethod.Frozen && recipe.RoutingFeature.Projection != ProjectionKind.Linear && !recipe.Vision.Train,
            "peft.method: with frozen nothing trains in captioning, which has no classifier; expected lora, adapter or full.");
        Refuse(!KnownRoutingFunctions.Get(recipe.Peft.Routing).IsPositionWise,
            $"peft.routing: '{recipe.Peft.Routing}' mixes the tokens of a text; in a caption every word would then be predicted from the words behind it.");
    }

    private static bool IsCaptionData(DataKind kind) => kind is DataKind.CocoCaptions or DataKind.Karpathy or DataKind.Flickr;

    private static void Refuse(bool wrong, string message)
    {
        if (wrong)
            throw new InvalidInputException(message);
    }
}
