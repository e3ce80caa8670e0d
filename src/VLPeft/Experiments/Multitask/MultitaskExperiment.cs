using VLPeft.Models;
using VLPeft.Preprocessing;
using VLPeft.Recipes;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>
/// One recipe of several tasks put to work: data, tokenizer, backbones, features and model. <see cref="MultitaskRun"/> trains and evaluates it in
/// a run folder.
/// </summary>
public sealed class MultitaskExperiment : IExperiment
{
    private MultitaskExperiment(Recipe recipe, ITextTokenizer tokenizer, MultitaskSystem system, IReadOnlyList<TaskInstance> tasks)
    {
        (Recipe, Tokenizer, System, Tasks) = (recipe, tokenizer, system, tasks);
        Measure = new MultitaskMeasure(recipe, system, tokenizer);
    }

    /// <summary>The recipe.</summary>
    public Recipe Recipe { get; }

    /// <summary>Text to ids.</summary>
    public ITextTokenizer Tokenizer { get; }

    /// <summary>The model.</summary>
    public MultitaskSystem System { get; }

    IRecipeSystem IExperiment.System => System;

    internal IReadOnlyList<TaskInstance> Tasks { get; }

    internal MultitaskMeasure Measure { get; }

    /// <summary>Puts a recipe together.</summary>
    /// <exception cref="InvalidInputException">Anything the recipe names is missing, malformed or does not fit.</exception>
    public static MultitaskExperiment Prepare(Recipe recipe, IRunReporter reporter, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        if (recipe.Training.Threads > 0)
            set_num_threads(recipe.Training.Threads);
        ITextTokenizer tokenizer = Tokenizers.FromFolder(recipe.Text.Model!);
        MultitaskBackbones backbones = MultitaskBackbones.Load(recipe);
        Check(recipe, tokenizer, backbones.Text);
        List<TaskInstance> tasks = [];
        try
        {
            foreach (TaskSection section in recipe.Multitask.Tasks)
                tasks.Add(new TaskInstance(recipe, section, tokenizer, backbones, reporter, cancellation));
            CheckWidths(tasks);
            return new MultitaskExperiment(recipe, tokenizer, MultitaskSystem.Assemble(recipe, backbones, tasks[0].Width), tasks);
        }
        catch
        {
            tasks.ForEach(task => task.Dispose());
            throw;
        }
    }

    /// <summary>What the model says to one request; it must be in evaluation mode.</summary>
    /// <param name="task">One of the recipe's tasks.</param>
    /// <param name="text">The question or statement; empty for a caption.</param>
    /// <param name="images">PNG or JPEG files, two for a statement; empty when pictures are named by their ids.</param>
    /// <param name="imageIds">Instead: their ids in the recipe's feature files.</param>
    /// <param name="cancellation">Looked at before every step.</param>
    /// <exception cref="InvalidInputException">Another task or number of pictures, an empty question, a picture that is missing or broken.</exception>
    public string Say(TextTask task, string text, IReadOnlyList<string> images, IReadOnlyList<long>? imageIds = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(images);
        TaskInstance instance = Tasks.FirstOrDefault(one => one.Kind == task) ?? throw new InvalidInputException(
            $"--task {TextTasks.Name(task)}: the run has learnt {string.Join(", ", Tasks.Select(one => TextTasks.Name(one.Kind)))}.");
        int given = images.Count + (imageIds?.Count ?? 0), wanted = TextTasks.ImagesOf(task);
        if (given != wanted || (images.Count > 0 && imageIds is { Count: > 0 }))
            throw new InvalidInputException($"{TextTasks.Name(task)}: expected {(wanted == 1 ? "one picture" : "two pictures, left and right")}, got {given}.");
        if (string.IsNullOrWhiteSpace(text) != (task == TextTask.Caption))
            throw new InvalidInputException($"{TextTasks.Name(task)}: expected {(task == TextTask.Caption ? "no text" : "a text")}, got {(text.Length == 0 ? "none" : $"'{text}'")}.");
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor tokens = (images.Count > 0 ? instance.OfFiles(images) : instance.OfIds(imageIds!)).Tokens!; // (I, N, d_v)
        Tensor ids = tensor(Array.ConvertAll(Tokenizer.Encode(TextTasks.Request(task, text), Recipe.Text.MaxLength), id => (long)id)).unsqueeze(0);
        return Measure.Say(ids, null, new ImageTokens(tokens.unsqueeze(0)), Measure.OptionsOf(task, greedy: false), cancellation).Single();
    }

    /// <summary>Fills a recipe's feature cache for every split of every task.</summary>
    /// <returns>How many pictures of each task's splits are in the cache.</returns>
    /// <exception cref="InvalidInputException">The recipe keeps no features in a cache.</exception>
    public static IReadOnlyDictionary<string, int> ExtractFeatures(Recipe recipe, IRunReporter reporter, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ImageStores.RequireCached(recipe);
        MultitaskBackbones backbones = MultitaskBackbones.Load(recipe);
        var counts = new Dictionary<string, int>();
        foreach (TaskSection section in recipe.Multitask.Tasks.Where(task => task.Features.Count == 0))
        {
            Recipe own = TextTasks.Of(recipe, section);
            ITextTaskData data = TextTasks.Open(section.Task, own.Data, recipe.Seed);
            var filled = ImageStores.FillAll(
                own, backbones.Vision, backbones.Text.Width, split => data.Has(split) ? data.Pictures(split) : null, reporter, cancellation);
            foreach ((string split, int pictures) in filled)
                counts[$"{TextTasks.Name(section.Task)} {split}"] = pictures;
        }
        return counts;
    }

    /// <summary>What the model is made of and what trains, as text: printed by every run.</summary>
    public string Audit() => ModelAudit.Of(Recipe, System).ToString();

    /// <inheritdoc/>
    public void Dispose()
    {
        System.Dispose();
        foreach (TaskInstance task in Tasks)
            task.Dispose();
    }

    private static void CheckWidths(List<TaskInstance> tasks)
    {
        if (tasks.FirstOrDefault(task => task.Width != tasks[0].Width) is { } other)
            throw new InvalidInputException($"multitask.tasks: one embedding takes all image tokens, but those of {TextTasks.Name(tasks[0].Kind)} are {tasks[0].Width} wide and those of {TextTasks.Name(other.Kind)} {other.Width}.");
    }

    private static void Check(Recipe recipe, ITextTokenizer tokenizer, IEncoderDecoder text)
    {
        string model = $"text.model '{recipe.Text.Model}'";
        if (tokenizer.VocabularySize > text.VocabularySize)
            throw new InvalidInputException($"{model}: the tokenizer has {tokenizer.VocabularySize} ids, but the model only {text.VocabularySize}.");
        if (tokenizer.PadId != text.PaddingId)
            throw new InvalidInputException($"{model}: the tokenizer pads with {tokenizer.PadId}, but the model's configuration says {text.PaddingId}.");
        if (tokenizer.Encode("a") is not [.., var last] || last != text.EndId)
            throw new InvalidInputException($"{model}: the tokenizer does not end a text with the model's end token, {text.EndId}, so that no answer would ever end.");
        (string, int)[] lengths =
            [("text.max-length", recipe.Text.MaxLength), ("multitask.answer-length", recipe.Multitask.AnswerLength), ("generation.max-length", recipe.Generation.MaxLength)];
        foreach ((string key, int length) in lengths)
            if (length > text.MaxLength)
                throw new InvalidInputException($"{key}: {length} tokens are more than the model's {text.MaxLength} positions.");
    }
}
