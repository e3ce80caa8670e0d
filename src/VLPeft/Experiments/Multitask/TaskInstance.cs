using VLPeft.Preprocessing;
using VLPeft.Recipes;
using VLPeft.VisionLanguage;

namespace VLPeft.Experiments;

/// <summary>One task of an experiment: its data, and the features of its pictures.</summary>
internal sealed class TaskInstance : IDisposable
{
    private readonly Recipe _recipe;
    private readonly ITextTokenizer _tokenizer;
    private readonly ImageStores _stores;
    private readonly CancellationToken _cancellation;
    private readonly Dictionary<Split, TaskTexts> _rows = [], _requests = [];

    /// <param name="recipe">The recipe.</param>
    /// <param name="section">The task.</param>
    /// <param name="tokenizer">Text to ids.</param>
    /// <param name="backbones">Its encoder makes what no file has.</param>
    /// <param name="reporter">Is told of extraction.</param>
    /// <param name="cancellation">Ends extraction.</param>
    public TaskInstance(
        Recipe recipe, TaskSection section, ITextTokenizer tokenizer, MultitaskBackbones backbones, IRunReporter reporter, CancellationToken cancellation)
    {
        _recipe = TextTasks.Of(recipe, section);
        (_tokenizer, _cancellation) = (tokenizer, cancellation);
        Kind = section.Task;
        Data = TextTasks.Open(section.Task, _recipe.Data, recipe.Seed);
        _stores = new ImageStores(_recipe, backbones.Vision, backbones.Text.Width, reporter);
    }

    /// <summary>Which task.</summary>
    public TextTask Kind { get; }

    /// <summary>Its data.</summary>
    public ITextTaskData Data { get; }

    /// <summary>d_v.</summary>
    public long Width => _stores.Width!.Value;

    /// <summary>A split with targets, ready for batches; made when first asked for.</summary>
    public TaskTexts Rows(Split split) => Made(_rows, split, Data.Rows);

    /// <summary>A split as it is asked, ready for batches; made when first asked for.</summary>
    public TaskTexts Requests(Split split) => Made(_requests, split, Data.Requests);

    /// <summary>The token features of picture files, (I, N, d_v).</summary>
    /// <exception cref="InvalidInputException">One is missing or broken, or features come from a file, where pictures have names.</exception>
    public ImageFeatures OfFiles(IReadOnlyList<string> files) => _stores.OfFiles(files);

    /// <summary>The token features of pictures by their ids in the feature files, (I, N, d_v).</summary>
    /// <exception cref="InvalidInputException">There is none of an id, or the run looks at picture files.</exception>
    public ImageFeatures OfIds(IReadOnlyList<long> ids) => _stores.OfIds(ids);

    public void Dispose() => _stores.Dispose();

    private TaskTexts Made(Dictionary<Split, TaskTexts> made, Split split, Func<Split, TextRows> make)
    {
        if (made.TryGetValue(split, out TaskTexts? texts))
            return texts;
        TextRows rows = make(split);
        int length = Kind == TextTask.Caption ? _recipe.Generation.MaxLength : _recipe.Multitask.AnswerLength;
        return made[split] = new TaskTexts(rows, _tokenizer, _recipe.Text.MaxLength, length, _stores.RowsOf(Data.Pictures(split), rows.Images, _cancellation));
    }
}
