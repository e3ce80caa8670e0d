using VLPeft.Recipes;

namespace VLPeft.Experiments;

/// <summary>The tasks that can be learnt as text, and their names.</summary>
internal static class TextTasks
{
    /// <summary>A task's data by its recipe.</summary>
    /// <param name="task">The task.</param>
    /// <param name="data">Its data section.</param>
    /// <param name="seed">The recipe's seed.</param>
    public static ITextTaskData Open(TextTask task, DataSection data, long seed) => task switch
    {
        TextTask.Vqa => new VqaTextData(data, seed),
        TextTask.Gqa => new GqaTextData(data, seed),
        TextTask.Nlvr => new NlvrTextData(data, seed),
        _ => new CaptionTextData(data, seed),
    };

    /// <summary>"vqa", "gqa", "nlvr" or "caption".</summary>
    public static string Name(TextTask task) => RecipeNames.Kebab(task.ToString());

    /// <summary>What the model reads: the prompt of the task, and the text behind it.</summary>
    public static string Request(TextTask task, string text) => (task switch
    {
        TextTask.Vqa => Data.TaskPrompts.Vqa,
        TextTask.Gqa => Data.TaskPrompts.Gqa,
        TextTask.Nlvr => Data.TaskPrompts.Nlvr,
        _ => Data.TaskPrompts.Caption,
    } + text).TrimEnd();

    /// <summary>The pictures that a request is about.</summary>
    public static int ImagesOf(TextTask task) => task == TextTask.Nlvr ? 2 : 1;

    /// <summary>The recipe with a task's own data and features in the place of all tasks'.</summary>
    public static Recipe Of(Recipe recipe, TaskSection task) => recipe with
    {
        Data = task.Data ?? recipe.Data,
        Vision = task.Features.Count == 0 ? recipe.Vision : recipe.Vision with { Model = null, Features = new PreExtractedSection { Hdf5 = task.Features } },
    };
}
