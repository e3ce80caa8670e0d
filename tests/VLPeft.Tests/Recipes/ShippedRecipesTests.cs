using VLPeft.Experiments;
using VLPeft.Recipes;
using VLPeft.TestData;
using Xunit;

namespace VLPeft.Tests.Recipes;

public class ShippedRecipesTests
{
    private static string Folder => Path.Combine(SharedData.RepositoryRoot(), "recipes");

    public static TheoryData<string> All =>
    [
        .. Directory.EnumerateFiles(Folder, "*.yaml", SearchOption.AllDirectories)
            .Where(path => !Path.GetFileName(path).StartsWith('_'))
            .Select(path => Path.GetRelativePath(Folder, path)).Order(StringComparer.Ordinal),
    ];

    public static TheoryData<string> WithModels => [.. All.Where(row => !row.Data.StartsWith("real", StringComparison.Ordinal)).Select(row => row.Data)];

    public static TheoryData<string> Rivals =>
        [.. All.Select(row => row.Data).Where(name => name.Contains("rivals", StringComparison.Ordinal) && Path.GetFileName(name) != "full.yaml")];

    [Theory, MemberData(nameof(All))]
    public void LoadsSaysWhatItDoesAndLoadsAgain(string name)
    {
        Recipe recipe = Recipe.Load(Path.Combine(Folder, name));
        Assert.NotEmpty(recipe.Description);
        Assert.Equal(recipe.ToYaml(), Recipe.Parse(recipe.ToYaml(), "/elsewhere/again.yaml").ToYaml());
    }

    [Theory, MemberData(nameof(WithModels))]
    public void CanBeInspectedWithoutDataAndWeights(string name)
    {
        Recipe recipe = Recipe.Load(Path.Combine(Folder, name));
        ModelAudit audit = ModelAudit.WithoutData(recipe, answersFile: null, answers: 3129);
        bool routed = recipe.Peft.Routing != "none" || recipe.Peft.Bottleneck == "cross-attention";
        Assert.All(audit.Peft?.Sites ?? [], site => Assert.Equal(routed && !IsDecoderSelfAttention(site.Module), site.Routed));
        Assert.Equal(
            audit.TrainableParameters,
            (audit.Peft?.TrainableParameters ?? audit.TextParameters) + audit.HeadParameters + audit.ProjectionParameters + audit.VisualEmbeddingParameters);
    }

    private static bool IsDecoderSelfAttention(string module) =>
        module.Contains("decoder.layers.", StringComparison.Ordinal) && module.Contains(".self_attn", StringComparison.Ordinal);

    /// <summary>method.md §6, as VL-PET reproduces them: 5.93 % and 4.18 % of BART-base, the embedding of image tokens and what is attached.</summary>
    [Theory, InlineData("lora", 5.93), InlineData("adapter", 4.18)]
    public void ClipBartTrainsThePublishedShare(string method, double percent)
    {
        foreach (string task in new[] { "multitask", "vqa" })
        {
            ModelAudit audit = ModelAudit.WithoutData(
                Recipe.Load(Path.Combine(Folder, "paper", "clip-bart", $"{task}-{method}-none.yaml")), answersFile: null, answers: 0);
            Assert.Equal(percent, audit.TrainablePercentWithoutVision, 0.1);
        }
    }

    // "…: 9,152 parameters of the language model"
    [Theory, MemberData(nameof(Rivals))]
    public void ARivalTrainsAsManyParametersAsItSays(string name)
    {
        Recipe recipe = Recipe.Load(Path.Combine(Folder, name));
        ModelAudit audit = ModelAudit.WithoutData(recipe, answersFile: null, answers: 10);
        Assert.Contains($": {audit.Peft!.TrainableParameters:N0} parameters", recipe.Description, StringComparison.Ordinal);
    }

    [Theory, InlineData("base", 12, 768), InlineData("large", 24, 1024)]
    public void ThePapersLoraTrainsWhatTheFormulaSays(string size, long layers, long width)
    {
        Recipe recipe = Recipe.Load(Path.Combine(Folder, "paper", "vqav2", $"roberta-{size}-vit-{size}-lora-multiply.yaml"));
        ModelAudit audit = ModelAudit.WithoutData(recipe, answersFile: null, answers: 3129);
        Assert.Equal(layers * 2 * 2 * 128 * width, audit.Peft!.BottleneckParameters); // query and value, A and B
        Assert.Equal(layers * 2 * width + layers * 2 * 2 * width, audit.Peft.AlsoTrainedParameters); // biases, and two LayerNorms a layer
        Assert.Equal(width * 2 * width + 2 * width + 4 * width + 2 * width * 3129 + 3129, audit.HeadParameters);
    }

    [Theory, InlineData("base", 12, 768), InlineData("large", 24, 1024)]
    public void ThePapersAdapterTrainsWhatTheFormulaSays(string size, long layers, long width)
    {
        Recipe recipe = Recipe.Load(Path.Combine(Folder, "paper", "vqav2", $"roberta-{size}-vit-{size}-adapter-add.yaml"));
        ModelAudit audit = ModelAudit.WithoutData(recipe, answersFile: null, answers: 3129);
        Assert.Equal(layers * 2 * (2 * 64 * width + 64 + width), audit.Peft!.BottleneckParameters);
        Assert.Equal(layers * 2 * 2 * width, audit.Peft.AlsoTrainedParameters);
    }

    [Theory, InlineData("gpt2", 12, 768), InlineData("gpt2-medium", 24, 1024)]
    public void ThePapersGpt2TrainsWhatTheFormulaSays(string size, long layers, long width)
    {
        string vision = size == "gpt2" ? "base" : "large";
        ModelAudit lora = ModelAudit.WithoutData(
            Recipe.Load(Path.Combine(Folder, "paper", "coco-caption", $"{size}-vit-{vision}-lora-matmul.yaml")), answersFile: null, answers: 0);
        Assert.Equal(layers * 2 * 2 * 128 * width, lora.Peft!.BottleneckParameters); // query and value, A and B
        Assert.Equal(layers * (3 + 2 * 2) * width, lora.Peft.AlsoTrainedParameters); // c_attn's bias, and two LayerNorms a block
        Assert.Equal(0, lora.HeadParameters);
        ModelAudit adapter = ModelAudit.WithoutData(
            Recipe.Load(Path.Combine(Folder, "paper", "coco-caption", $"{size}-vit-{vision}-adapter-add.yaml")), answersFile: null, answers: 0);
        Assert.Equal(layers * (2 * 64 * width + 64 + width), adapter.Peft!.BottleneckParameters); // one a block
        Assert.Equal(layers * 2 * 2 * width, adapter.Peft.AlsoTrainedParameters);
    }
}
