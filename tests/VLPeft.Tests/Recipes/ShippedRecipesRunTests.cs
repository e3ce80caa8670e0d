using System.Text.Json;
using VLPeft.Recipes;
using VLPeft.Tests.Cli;
using Xunit;

namespace VLPeft.Tests.Recipes;

/// <summary>Every shipped recipe trains a few steps to the end and is scored: nothing but its data and the size of its models is changed.</summary>
public sealed class ShippedRecipesRunTests(RecipeWorld world) : IClassFixture<RecipeWorld>
{
    [Theory, MemberData(nameof(ShippedRecipesTests.All), MemberType = typeof(ShippedRecipesTests))]
    public void TrainsAndIsScored(string name)
    {
        Recipe recipe = Recipe.Load(Path.Combine(RecipeWorld.Recipes, name));
        string path = Path.Combine(RecipeWorld.Recipes, name), run = world.NewRun();
        IEnumerable<string> settings = world.Settings(recipe).SelectMany(setting => new[] { "--set", setting });
        CommandLine.Run(["train", path, "-o", run, .. settings]).Expect(0);
        VariantTests.WhatTrainsMoves(run, Inert(recipe));
        using JsonDocument json = JsonDocument.Parse(CommandLine.Run("evaluate", run, "--json").Expect(0).Out);
        if (recipe.Task == RecipeTask.Multitask)
            Assert.All(json.RootElement.GetProperty("tasks").EnumerateObject(), task => Assert.InRange(task.Value.GetProperty("score").GetDouble(), 0, 1000));
        else if (recipe.Task == RecipeTask.Captioning)
            Assert.InRange(json.RootElement.GetProperty("scores").GetProperty("CIDEr").GetDouble(), 0, 10);
        else
            Assert.InRange(json.RootElement.GetProperty("accuracy").GetProperty("all").GetDouble(), 0, 100);
        Assert.True(double.IsFinite(json.RootElement.GetProperty("loss").GetDouble()));
    }

    // Attention over a single picture vector is 1, whatever asks for it; grid tokens have boxes of zeros.
    private static string[] Inert(Recipe recipe) => recipe switch
    {
        { Task: RecipeTask.Multitask } => ["visual_embedding.pos.0.weight"],
        { Peft.Bottleneck: "cross-attention", RoutingFeature.Source: RoutingSource.Pooled } => [".lora_query", ".lora_key", ".lora_down_text"],
        _ => [],
    };
}
