using VLPeft.Analysis;
using VLPeft.Data.Features;
using VLPeft.Evaluation.Captions;
using VLPeft.Generation;
using VLPeft.Models.Gpt2;
using VLPeft.Preprocessing;
using VLPeft.Recipes;
using VLPeft.VisionLanguage;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>
/// One captioning recipe put to work: data, tokenizer, backbones, features and model. <see cref="CaptionRun"/> trains and evaluates it in a
/// run folder.
/// </summary>
public sealed class CaptionExperiment : IExperiment
{
    private readonly ImageStores _stores;
    private readonly Dictionary<Split, CaptionTexts> _texts = [];
    private readonly Dictionary<Split, RowImages> _pictures = [];
    private readonly CancellationToken _cancellation;
    private readonly PcaProjection? _pca;

    private CaptionExperiment(
        Recipe recipe, CaptionData data, ITextTokenizer tokenizer, CaptionSystem system, ImageStores stores, PcaProjection? pca,
        CancellationToken cancellation)
    {
        (Recipe, Data, Tokenizer, System, _stores, _pca, _cancellation) = (recipe, data, tokenizer, system, stores, pca, cancellation);
        Scorer = new CaptionMeasure(recipe, system, tokenizer);
    }

    /// <summary>The recipe.</summary>
    public Recipe Recipe { get; }

    /// <summary>Its data set.</summary>
    public CaptionData Data { get; }

    /// <summary>Text to ids.</summary>
    public ITextTokenizer Tokenizer { get; }

    /// <summary>The model.</summary>
    public CaptionSystem System { get; }

    IRecipeSystem IExperiment.System => System;

    internal CaptionMeasure Scorer { get; }

    /// <summary>Puts a recipe together.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="files">Where a projection is kept: one that is there is used, otherwise it is fitted to the training data and written.</param>
    /// <param name="reporter">Is told what is done.</param>
    /// <param name="cancellation">Ends feature extraction.</param>
    /// <exception cref="InvalidInputException">Anything the recipe names is missing, malformed or does not fit.</exception>
    public static CaptionExperiment Prepare(Recipe recipe, RunFiles files, IRunReporter reporter, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(files);
        if (recipe.Training.Threads > 0)
            set_num_threads(recipe.Training.Threads);
        var data = new CaptionData(recipe.Data, recipe.Seed);
        ITextTokenizer tokenizer = Tokenizers.FromFolder(recipe.Text.Model!);
        CaptionBackbones backbones = CaptionBackbones.Load(recipe);
        Check(recipe, tokenizer, backbones);
        var stores = new ImageStores(recipe, backbones.Vision, backbones.Text.Width, reporter);
        try
        {
            PcaProjection? pca = SystemParts.MakePca(recipe, () => data.Get(Split.Train).Files, stores, backbones.Text.Width, files, cancellation);
            CaptionSystem system = CaptionSystem.Assemble(recipe, backbones, stores.Width, pca);
            return new CaptionExperiment(recipe, data, tokenizer, system, stores, pca, cancellation);
        }
        catch
        {
            stores.Dispose();
            throw;
        }
    }

    /// <summary>A split's captions, ready for batches; made when first asked for.</summary>
    internal CaptionTexts Texts(Split split)
    {
        if (_texts.TryGetValue(split, out CaptionTexts? texts))
            return texts;
        CaptionSplit captions = Data.Get(split);
        return _texts[split] = new CaptionTexts(
            captions, Tokenizer, System.Backbones.Text.Config.EndId, Recipe.Text.MaxLength, Recipe.Caption.Loss == CaptionLossChoice.Reference,
            rows => _stores.RowsOf(captions.Files, rows, _cancellation));
    }

    /// <summary>A split's pictures, one row each; made when first asked for.</summary>
    internal RowImages Pictures(Split split)
    {
        if (_pictures.TryGetValue(split, out RowImages? pictures))
            return pictures;
        SplitImages images = Data.Get(split).Files;
        return _pictures[split] = _stores.RowsOf(images, images.Ids, _cancellation);
    }

    /// <summary>The caption of a picture file; the model must be in evaluation mode.</summary>
    /// <param name="image">A PNG or JPEG file.</param>
    /// <param name="generation">How to search; the recipe's when it is left out.</param>
    /// <param name="onText">Is told the caption as it grows: with one beam word by word, with more when it is found.</param>
    /// <param name="cancellation">Looked at before every step.</param>
    /// <exception cref="InvalidInputException">The file is missing or broken, or the run reads features from a file.</exception>
    public string Caption(
        string image, GenerationSection? generation = null, Action<string>? onText = null, CancellationToken cancellation = default) =>
        Decode(() => _stores.OfFiles([image]), 1, generation, onText, cancellation)[0];

    /// <summary>The caption of a picture by its id in the recipe's feature file; the model must be in evaluation mode.</summary>
    /// <param name="imageId">The id.</param>
    /// <param name="generation">How to search; the recipe's when it is left out.</param>
    /// <param name="onText">Is told the caption as it grows: with one beam word by word, with more when it is found.</param>
    /// <param name="cancellation">Looked at before every step.</param>
    /// <exception cref="InvalidInputException">The file does not have one, or the run looks at picture files.</exception>
    public string Caption(
        long imageId, GenerationSection? generation = null, Action<string>? onText = null, CancellationToken cancellation = default) =>
        Decode(() => _stores.OfIds([imageId]), 1, generation, onText, cancellation)[0];

    /// <summary>What the bottlenecks hold while a caption is read with one picture; the model must be in evaluation mode.</summary>
    /// <param name="caption">The text, cut to the recipe's length; it need not be what the model says.</param>
    /// <param name="image">A PNG or JPEG file; null when the picture is named by its id, or nothing of a picture is read.</param>
    /// <param name="imageId">The picture's id in the recipe's feature file.</param>
    /// <exception cref="InvalidInputException">A missing or broken picture, or a picture where there should be an id.</exception>
    public RoutedActivations Activations(string caption, string? image, long? imageId = null)
    {
        ArgumentNullException.ThrowIfNull(caption);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        long[] said = Array.ConvertAll(Tokenizer.Encode(caption, Recipe.Text.MaxLength), id => (long)id);
        Tensor ids = tensor(said.Length > 0 ? said : [System.Backbones.Text.Config.EndId]).unsqueeze(0); // (1, T)
        ImageFeatures? features = !System.Model.Image.Options.NeedsImages ? null : image is not null ? _stores.OfFiles([image])
            : _stores.OfIds([imageId ?? throw new InvalidInputException("this run looks at pictures: name one, a picture file or an id in its feature file.")]);
        return RoutedActivations.Record(System.Peft, () => System.Model.call(ids, null, features));
    }

    /// <summary>The captions of picture files, decoded together; the model must be in evaluation mode.</summary>
    /// <exception cref="InvalidInputException">A file is missing or broken, or the run reads features from a file.</exception>
    public IReadOnlyList<string> Caption(
        IReadOnlyList<string> images, GenerationSection? generation = null, CancellationToken cancellation = default) =>
        Decode(() => _stores.OfFiles(images), images.Count, generation, null, cancellation);

    /// <summary>The captions of pictures by their ids in the recipe's feature file; the model must be in evaluation mode.</summary>
    /// <exception cref="InvalidInputException">The file does not have one, or the run looks at picture files.</exception>
    public IReadOnlyList<string> Caption(
        IReadOnlyList<long> imageIds, GenerationSection? generation = null, CancellationToken cancellation = default) =>
        Decode(() => _stores.OfIds(imageIds), imageIds.Count, generation, null, cancellation);

    /// <summary>Fills a recipe's feature cache for every split it has.</summary>
    /// <returns>How many pictures of each split are in the cache.</returns>
    /// <exception cref="InvalidInputException">
    /// The recipe keeps no features: they come from a file, or the encoder trains, or nothing of a picture is read.
    /// </exception>
    public static IReadOnlyDictionary<string, int> ExtractFeatures(Recipe recipe, IRunReporter reporter, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ImageStores.RequireCached(recipe);
        CaptionBackbones backbones = CaptionBackbones.Load(recipe);
        var data = new CaptionData(recipe.Data, recipe.Seed);
        return ImageStores.FillAll(recipe, backbones.Vision, backbones.Text.Width, split => data.Find(split)?.Files, reporter, cancellation);
    }

    /// <summary>What the model is made of and what trains, as text: printed by every run.</summary>
    public string Audit() => ModelAudit.Of(Recipe, System).ToString();

    /// <inheritdoc/>
    public void Dispose()
    {
        System.Dispose();
        _stores.Dispose();
        _pca?.Dispose();
    }

    private string[] Decode(
        Func<ImageFeatures> features, int count, GenerationSection? generation, Action<string>? onText, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        GenerationOptions options = (generation ?? Recipe.Generation).ToOptions(System.Backbones.Text.Config.EndId);
        return Scorer.Decoder.Decode(System.Model.Image.Options.NeedsImages ? features() : null, count, options, onText, cancellation);
    }

    private static void Check(Recipe recipe, ITextTokenizer tokenizer, CaptionBackbones backbones)
    {
        Gpt2Config text = backbones.Text.Config;
        if (tokenizer.VocabularySize > text.VocabularySize)
            throw new InvalidInputException($"text.model '{recipe.Text.Model}': the tokenizer has {tokenizer.VocabularySize} ids, but the model only {text.VocabularySize}.");
        if (tokenizer.Encode("a").Any(id => id == text.EndId) || tokenizer.Encode("").Length > 0)
            throw new InvalidInputException($"text.model '{recipe.Text.Model}': the tokenizer puts special tokens around a text; captioning needs GPT-2's, which does not.");
        long prefix = recipe.Text.PrefixSource == PrefixSource.Patches ? backbones.Vision?.Encoder.Positions ?? 1 : 1;
        (string, int)[] lengths = [("text.max-length", recipe.Text.MaxLength), ("generation.max-length", recipe.Generation.MaxLength)];
        foreach ((string key, int length) in lengths)
            if (length + prefix > text.MaxLength)
                throw new InvalidInputException($"{key}: {length} tokens and {prefix} of the prefix are more than the model's {text.MaxLength} positions.");
    }
}
