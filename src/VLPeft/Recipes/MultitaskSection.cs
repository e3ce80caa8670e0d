using VLPeft.Data.Batching;

namespace VLPeft.Recipes;

/// <summary>The tasks that an encoder-decoder learns as text from text (method.md §6).</summary>
public enum TextTask
{
    /// <summary>Questions with ten annotators' answers: VQAv2.</summary>
    Vqa,

    /// <summary>Compositional questions with one answer: GQA.</summary>
    Gqa,

    /// <summary>Statements about two pictures, true or false: NLVR2.</summary>
    Nlvr,

    /// <summary>Captions: COCO.</summary>
    Caption,
}

/// <summary>Several tasks in one model, or one of them alone (task: multitask).</summary>
public sealed record MultitaskSection
{
    /// <summary>The tasks, each once.</summary>
    public IReadOnlyList<TaskSection> Tasks { get; init; } = [];

    /// <summary><c>proportional</c>: an epoch has every example of every task; <c>balanced</c>: as many batches of each as the smallest task has.</summary>
    public TaskMixing Mixing { get; init; } = TaskMixing.Proportional;

    /// <summary>Tokens of an answer at most, special ones included; captions have generation.max-length.</summary>
    public int AnswerLength { get; init; } = 20;

    /// <summary>Questions and statements of each task, the first ones, that are answered in every validation; 0 for all.</summary>
    public int ValidationExamples { get; init; }

    internal void Validate()
    {
        Check.That(AnswerLength >= 3, "multitask.answer-length", "3 or more", AnswerLength);
        Check.That(ValidationExamples >= 0, "multitask.validation-examples", "0 or more", ValidationExamples);
        Check.That(Tasks.DistinctBy(task => task.Task).Count() == Tasks.Count, "multitask.tasks", "each task once",
            string.Join(", ", Tasks.Select(task => RecipeNames.Kebab(task.Task.ToString()))));
        foreach (TaskSection task in Tasks)
            task.Validate();
    }
}

/// <summary>One task and its data.</summary>
public sealed record TaskSection
{
    /// <summary>vqa, gqa, nlvr or caption.</summary>
    public TextTask Task { get; init; }

    /// <summary>Its data set; the recipe's <c>data</c> when it is left out.</summary>
    public DataSection? Data { get; init; }

    /// <summary>HDF5 files with its pictures' features; the recipe's <c>vision</c> when they are left out.</summary>
    [RecipePath]
    public IReadOnlyList<string> Features { get; init; } = [];

    internal void Validate()
    {
        if (Data is null)
            return;
        try
        {
            Data.Validate();
        }
        catch (InvalidInputException error)
        {
            throw new InvalidInputException($"multitask.tasks, {RecipeNames.Kebab(Task.ToString())}: {error.Message}", error);
        }
    }
}
