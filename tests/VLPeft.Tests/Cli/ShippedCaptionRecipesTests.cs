using System.Text.Json;
using VLPeft.TestData;
using Xunit;

namespace VLPeft.Tests.Cli;

/// <summary>The shipped captioning recipes, each for two steps, with a GPT-2 of random weights in the place of the one they name.</summary>
public sealed class ShippedCaptionRecipesTests(CaptionWorld world) : IClassFixture<CaptionWorld>
{
    private const int Pictures = 6;

    private static string[] Recipes(string folder, string pattern) =>
    [
        .. Directory.EnumerateFiles(Path.Combine(SharedData.RepositoryRoot(), "recipes", folder), pattern)
            .Where(path => !Path.GetFileName(path).StartsWith('_')).Order(StringComparer.Ordinal),
    ];

    [Fact]
    public void ThoseOfTheScenesTrain()
    {
        string[] recipes = Recipes("demo", "captions-*.yaml");
        Assert.Equal(5, recipes.Length);
        string[] small = [.. new[] { "train-images", "validation-images", "test-images" }.SelectMany(key => new[] { "--set", $"data.scenes.{key}={Pictures}" })];
        string data = world.New("scenes"), cache = world.New("cache"), text = world.NewText(64);
        foreach (string recipe in recipes)
            Trains(recipe, Pictures, [.. small, "--set", $"data.folder={data}", "--set", $"vision.cache={cache}", "--set", $"text.model={text}"]);
    }

    [Fact]
    public void ThoseOfPhotographsTrain()
    {
        SharedData.Require("datasets", "mini-coco", "captions", "captions_train_mini.json");
        // Those that run the encoder over all pictures first take a minute: RecipeWorld's pictures do for them.
        string[] recipes = [.. Recipes("real", "mini-coco-captions-*.yaml").Where(recipe => !recipe.Contains("from-pictures", StringComparison.Ordinal))];
        Assert.Equal(5, recipes.Length);
        string text = world.NewText(16);
        foreach (string recipe in recipes)
            Trains(recipe, 172, ["--set", $"text.model={text}", "--set", "caption.cider-images=8"]);
    }

    private void Trains(string recipe, int validation, string[] set)
    {
        string run = world.New();
        CommandLine.Run(["train", recipe, "-o", run, "--set", "training.steps=2", "--set", "training.validate-every=2", .. set]).Expect(0);
        using JsonDocument json = JsonDocument.Parse(CommandLine.Run("evaluate", run, "--split", "validation", "--json").Expect(0).Out);
        Assert.Equal(validation, json.RootElement.GetProperty("images").GetInt32());
        Assert.InRange(json.RootElement.GetProperty("scores").GetProperty("CIDEr").GetDouble(), 0, 10);
    }
}
