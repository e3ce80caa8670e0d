using VLPeft.Analysis;
using VLPeft.Checkpoints;
using VLPeft.Data;
using VLPeft.Data.Features;
using VLPeft.Preprocessing;
using VLPeft.Recipes;
using VLPeft.Training;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>
/// One recipe put to work: data, tokenizer, answers, backbones, features and model. <see cref="VqaRun"/> trains and evaluates it in a
/// run folder.
/// </summary>
public sealed class VqaExperiment : IExperiment
{
    private readonly ImageStores _stores;
    private readonly Dictionary<Split, VqaQuestions> _questions = [];
    private readonly CancellationToken _cancellation;
    private readonly PcaProjection? _pca;

    private VqaExperiment(
        Recipe recipe, VqaData data, AnswerVocabulary answers, ITextTokenizer tokenizer, VqaSystem system, ImageStores stores, PcaProjection? pca, CancellationToken cancellation)
    {
        (Recipe, Data, Answers, Tokenizer, System, _stores, _pca, _cancellation) = (recipe, data, answers, tokenizer, system, stores, pca, cancellation);
        Scorer = new VqaScorer(system, answers, recipe.Training);
    }

    /// <summary>The recipe.</summary>
    public Recipe Recipe { get; }

    /// <summary>Its data set.</summary>
    public VqaData Data { get; }

    /// <summary>The answers the model can give.</summary>
    public AnswerVocabulary Answers { get; }

    /// <summary>Text to ids.</summary>
    public ITextTokenizer Tokenizer { get; }

    /// <summary>The model.</summary>
    public VqaSystem System { get; }

    IRecipeSystem IExperiment.System => System;

    internal VqaScorer Scorer { get; }

    /// <summary>Puts a recipe together.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="files">
    /// Where answers, tokenizer and projection are kept: what is there is used, what is not is made from the training data and written.
    /// </param>
    /// <param name="reporter">Is told what is done.</param>
    /// <param name="cancellation">Ends feature extraction.</param>
    /// <exception cref="InvalidInputException">Anything the recipe names is missing, malformed or does not fit.</exception>
    public static VqaExperiment Prepare(Recipe recipe, RunFiles files, IRunReporter reporter, CancellationToken cancellation = default)
    {
        if (recipe.Training.Threads > 0)
            set_num_threads(recipe.Training.Threads);
        var data = new VqaData(recipe.Data, recipe.Seed);
        AnswerVocabulary answers = MakeAnswers(data, files);
        ITextTokenizer tokenizer = MakeTokenizer(recipe, data, files);
        VqaBackbones backbones = VqaBackbones.Load(recipe, recipe.Text.Tokenizer == TokenizerSource.Questions ? tokenizer.VocabularySize : null);
        CheckTokenizer(recipe, tokenizer, backbones);
        var stores = new ImageStores(recipe, backbones.Vision, backbones.Text.Width, reporter);
        try
        {
            PcaProjection? pca = SystemParts.MakePca(recipe, () => data.Get(Split.Train).Pictures, stores, backbones.Text.Width, files, cancellation);
            VqaSystem system = VqaSystem.Assemble(recipe, backbones, answers.Count, stores.Width, pca);
            return new VqaExperiment(recipe, data, answers, tokenizer, system, stores, pca, cancellation);
        }
        catch
        {
            stores.Dispose();
            throw;
        }
    }

    /// <summary>A split's questions, ready for batches; made when first asked for.</summary>
    internal VqaQuestions Questions(Split split)
    {
        if (_questions.TryGetValue(split, out VqaQuestions? questions))
            return questions;
        VqaSplit examples = Data.Get(split);
        return _questions[split] = new VqaQuestions(
            examples, Tokenizer, Recipe.Text.MaxLength, Answers,
            _stores.RowsOf(examples.Pictures, [.. examples.Examples.Select(example => example.ImageId)], _cancellation));
    }

    internal VqaTask Task() => new(
        Recipe, System, Answers, Questions(Split.Train), Data.Find(Split.Validation) is null ? null : Questions(Split.Validation));

    /// <summary>The likeliest answers to one question about one picture; the model must be in evaluation mode.</summary>
    /// <param name="question">Not empty.</param>
    /// <param name="image">A PNG or JPEG file; null when the picture is named by its id, or nothing of a picture is read.</param>
    /// <param name="imageId">The picture's id in the recipe's feature file.</param>
    /// <param name="top">How many answers, at least 1.</param>
    /// <returns>The likeliest first.</returns>
    /// <exception cref="InvalidInputException">An empty question, a missing or broken picture, or a picture where there should be an id.</exception>
    public IReadOnlyList<VqaAnswer> Answer(string question, string? image, long? imageId = null, int top = 5)
    {
        if (top < 1)
            throw new InvalidInputException($"expected 1 or more answers to show, got {top}.");
        using var scope = NewDisposeScope();
        float[] probabilities = Logits(question, image, imageId).sigmoid().data<float>().ToArray();
        return [.. probabilities.Select((p, index) => new VqaAnswer(Answers[index], p)).OrderByDescending(answer => answer.Probability).Take(top)];
    }

    /// <summary>What the bottlenecks hold while one question about one picture is answered; the model must be in evaluation mode.</summary>
    /// <param name="question">Not empty.</param>
    /// <param name="image">A PNG or JPEG file; null when the picture is named by its id, or nothing of a picture is read.</param>
    /// <param name="imageId">The picture's id in the recipe's feature file.</param>
    /// <exception cref="InvalidInputException">An empty question, a missing or broken picture, or a picture where there should be an id.</exception>
    public RoutedActivations Activations(string question, string? image, long? imageId = null)
    {
        using var scope = NewDisposeScope();
        return RoutedActivations.Record(System.Peft, () => Logits(question, image, imageId));
    }

    /// <summary>Fills a recipe's feature cache for every split it has.</summary>
    /// <returns>How many pictures of each split are in the cache.</returns>
    /// <exception cref="InvalidInputException">The recipe keeps no features: they come from a file, or the encoder trains, or nothing of a picture is read.</exception>
    public static IReadOnlyDictionary<string, int> ExtractFeatures(Recipe recipe, IRunReporter reporter, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ImageStores.RequireCached(recipe);
        VqaBackbones backbones = VqaBackbones.Load(recipe);
        var data = new VqaData(recipe.Data, recipe.Seed);
        return ImageStores.FillAll(recipe, backbones.Vision, backbones.Text.Width, split => data.Find(split)?.Pictures, reporter, cancellation);
    }

    /// <summary>What the model is made of and what trains, as text: printed by every run.</summary>
    public string Audit() => ModelAudit.Of(Recipe, System, Answers.Count).ToString();

    /// <inheritdoc/>
    public void Dispose()
    {
        System.Dispose();
        _stores.Dispose();
        _pca?.Dispose();
    }

    private static AnswerVocabulary MakeAnswers(VqaData data, RunFiles files)
    {
        if (File.Exists(files.Answers))
            return AnswerVocabulary.Load(files.Answers);
        AnswerVocabulary answers = data.BuildVocabulary();
        answers.Save(files.Answers);
        return answers;
    }

    private static ITextTokenizer MakeTokenizer(Recipe recipe, VqaData data, RunFiles files)
    {
        if (recipe.Text.Tokenizer == TokenizerSource.Model)
            return Tokenizers.FromFolder(recipe.Text.Model!);
        if (!File.Exists(files.Tokenizer))
            WordLevelTokenizer.Build(data.Get(Split.Train).Examples.Select(example => example.Question)).Save(files.Tokenizer);
        return WordLevelTokenizer.Load(files.Tokenizer);
    }

    private static void CheckTokenizer(Recipe recipe, ITextTokenizer tokenizer, VqaBackbones backbones)
    {
        if (tokenizer.VocabularySize > backbones.Text.VocabularySize)
            throw new InvalidInputException($"text.model '{recipe.Text.Model}': the tokenizer has {tokenizer.VocabularySize} ids, but the model only {backbones.Text.VocabularySize}.");
        if (tokenizer.PadId != backbones.Text.PadId)
            throw new InvalidInputException($"text.model '{recipe.Text.Model}': the tokenizer pads with {tokenizer.PadId}, but the model's configuration says {backbones.Text.PadId}.");
        long prefix = recipe.Text.Prefix == PrefixKind.None ? 0 : recipe.Text.PrefixSource == PrefixSource.Patches ? backbones.Vision?.Encoder.Positions ?? 1 : 1;
        if (recipe.Text.MaxLength + prefix > backbones.Text.MaxLength)
            throw new InvalidInputException($"text.max-length: {recipe.Text.MaxLength} tokens and {prefix} of the prefix are more than the model's {backbones.Text.MaxLength} positions.");
    }

    // (1, answers), in the caller's scope
    private Tensor Logits(string question, string? image, long? imageId)
    {
        if (string.IsNullOrWhiteSpace(question))
            throw new InvalidInputException("the question is empty.");
        using var frozen = no_grad();
        ImageFeatures? features = System.Model.Image.Options.NeedsImages ? FeaturesOf(image, imageId) : null;
        Tensor ids = tensor(Array.ConvertAll(Tokenizer.Encode(question, Recipe.Text.MaxLength), id => (long)id)).unsqueeze(0);
        return System.Model.call(ids, null, features);
    }

    private ImageFeatures FeaturesOf(string? image, long? imageId) => image is not null ? _stores.OfFiles([image])
        : _stores.OfIds([imageId ?? throw new InvalidInputException("this run looks at pictures: name one, a picture file (--image) or an id in its feature file (--image-id).")]);
}
