using VLPeft.Recipes;
using Xunit;

namespace VLPeft.Tests.Recipes;

public sealed class RecipeTests : IDisposable
{
    private const string Minimal = """
        data: { kind: easy-vqa, folder: data }
        text: { model: text, prefix: none }
        vision: { model: vit }
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static InvalidInputException Refused(string yaml, params string[] overrides) =>
        Assert.Throws<InvalidInputException>(() => Recipe.Parse($"{Minimal}\n{yaml}", "/r/x.yaml", overrides));

    [Fact]
    public void DefaultsAreThePapersAndPathsAreRelativeToTheFile()
    {
        Recipe recipe = Recipe.Parse(Minimal, "/r/sub/x.yaml");
        Assert.Equal("x", recipe.Name);
        Assert.Equal("/r/sub/data", recipe.Data.Folder);
        Assert.Equal(128, recipe.Peft.Rank);
        Assert.Equal(3e-4, recipe.Training.LearningRate);
        Assert.Equal(PrefixKind.None, recipe.Text.Prefix);
    }

    [Fact]
    public void ARecipeExtendsOthersAndOverridesWin()
    {
        _folder.Write("base.yaml", $"{Minimal}\ntraining: {{ batch-size: 8, learning-rate: 0.1 }}\npeft: {{ rank: 4, targets: [a, b] }}");
        string path = _folder.Write("sub/upper.yaml", "extends: ../base.yaml\ntraining: { batch-size: 16 }\npeft: { targets: [c] }");
        Recipe recipe = Recipe.Load(path, "training.learning-rate=2e-3", "peft.layers=[0, 2]", "seed=5");
        Assert.Equal(16, recipe.Training.BatchSize);
        Assert.Equal(2e-3, recipe.Training.LearningRate);
        Assert.Equal(4, recipe.Peft.Rank);
        Assert.Equal(["c"], recipe.Peft.Targets);
        Assert.Equal([0, 2], recipe.Peft.Layers);
        Assert.Equal(5, recipe.Seed);
        Assert.Equal(_folder.File("data"), recipe.Data.Folder);
    }

    [Fact]
    public void TheResolvedRecipeLoadsAgainToAnEqualOne()
    {
        Recipe recipe = Recipe.Parse(Minimal, "/r/x.yaml", "peft.targets=[query]", "text.backbone-dropout=0.25", "name='a: \"b\" #c'", "peft.routing=multiply");
        string yaml = recipe.ToYaml();
        Recipe again = Recipe.Parse(yaml, "/elsewhere/y.yaml");
        Assert.Equal(yaml, again.ToYaml());
        Assert.Equal("a: \"b\" #c", again.Name);
        Assert.Equal("/r/data", again.Data.Folder);
    }

    [Fact]
    public void AnUnknownKeyNamesFileLineAndTheNearestKnownKey()
    {
        InvalidInputException error = Refused("training: { batchsize: 3 }");
        Assert.Contains("/r/x.yaml, line 4", error.Message, StringComparison.Ordinal);
        Assert.Contains("training.batchsize", error.Message, StringComparison.Ordinal);
        Assert.Contains("'batch-size'", error.Message, StringComparison.Ordinal);
        Assert.Contains("'peft'", Refused("peff: { rank: 3 }").Message, StringComparison.Ordinal);
        Assert.Contains("--set training.lr=1", Refused("", "training.lr=1").Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("training: { batch-size: many }", "training.batch-size: expected a whole number, got 'many'")]
    [InlineData("training: { batch-size: 1.5 }", "a whole number")]
    [InlineData("training: { learning-rate: .nan }", "a number")]
    [InlineData("training: 3", "training: expected keys and values, got '3'")]
    [InlineData("training: [3]", "expected keys and values, got a list")]
    [InlineData("training: { schedule: fast }", "one of linear, cosine, constant")]
    [InlineData("peft: { residual: yes }", "true or false")]
    [InlineData("peft: { rank: { a: 1 } }", "peft.rank: expected a whole number, got keys and values")]
    public void AValueOfTheWrongTypeIsAnError(string yaml, string message) =>
        Assert.Contains(message, Refused(yaml).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("seed: -1", "seed: expected 0 or more, got -1")]
    [InlineData("peft: { rank: 0 }", "peft.rank")]
    [InlineData("peft: { routing: multiplly }", "peft.routing: 'multiplly' is no routing function")]
    [InlineData("peft: { bottleneck: split, rank: 6, routing: matmul }", "multiple of 4")]
    [InlineData("peft: { bottleneck: split }", "peft.bottleneck")]
    [InlineData("peft: { bottleneck: after-up, routing: multiply }", "can't train in a LoRA")]
    [InlineData("peft: { bottleneck: cross-attention, routing: multiply, rank: 16 }", "takes the place")]
    [InlineData("peft: { residual: true }", "peft.residual")]
    [InlineData("peft: { method: full, routing: multiply }", "peft.routing")]
    [InlineData("peft: { method: adapter, alpha: 3 }", "peft.alpha")]
    [InlineData("peft: { method: bitfit, routing: multiply }", "peft.routing: 'multiply' needs a bottleneck, but peft.method is bitfit")]
    [InlineData("peft: { method: bitfit, bottleneck: split }", "peft.bottleneck")]
    [InlineData("peft: { method: ia3, rank: 4 }", "peft.rank: peft.method ia3 does not have it; it goes with lora, adapter, compacter, dora")]
    [InlineData("peft: { method: prompt, layers: [0] }", "peft.layers")]
    [InlineData("peft: { length: 4 }", "peft.length")]
    [InlineData("peft: { method: prefix, length: 0 }", "peft.length")]
    [InlineData("peft: { method: full, dropout: 0.5 }", "peft.dropout")]
    [InlineData("peft: { method: compacter, scaling: sqrt-rank }", "peft.scaling")]
    [InlineData("peft: { phm-rank: 2 }", "peft.phm-rank")]
    [InlineData("peft: { method: layernorm, train-layer-norms: false }", "peft.train-layer-norms")]
    [InlineData("peft: { rank-patterns: [{ pattern: query }] }", "a rank or an alpha")]
    [InlineData("peft: { rank-patterns: [{ pattern: '(', rank: 2 }] }", "peft.rank-patterns: '(' is no regular expression")]
    [InlineData("peft: { rank-patterns: [{ patern: query, rank: 2 }] }", "patern")]
    [InlineData("text: { init: random }", "peft.method: full")]
    [InlineData("vision: { init: random }", "vision.train")]
    [InlineData("vision: ~\npeft: { routing: multiply }", "needs image features")]
    [InlineData("training: { epochs: 0 }", "training.epochs")]
    [InlineData("training: { learning-rate: 0 }", "training.learning-rate")]
    [InlineData("text: { prefix-source: patches }", "there is no prefix")]
    [InlineData("data: { kind: vqav2 }", "data.train.questions")]
    public void WhatDoesNotFitIsRefused(string yaml, string message)
    {
        _folder.Write("base.yaml", Minimal);
        string path = _folder.Write("upper.yaml", $"extends: base.yaml\n{yaml}");
        string shown = Assert.Throws<InvalidInputException>(() => Recipe.Load(path)).Message;
        Assert.Contains(message, shown, StringComparison.Ordinal);
    }

    [Fact]
    public void BrokenFilesAreNamed()
    {
        Assert.Contains("does not exist", Assert.Throws<InvalidInputException>(() => Recipe.Load(_folder.File("none.yaml"))).Message, StringComparison.Ordinal);
        string loop = _folder.Write("loop.yaml", "extends: loop.yaml");
        Assert.Contains("extends itself", Assert.Throws<InvalidInputException>(() => Recipe.Load(loop)).Message, StringComparison.Ordinal);
        string broken = _folder.Write("broken.yaml", "a: [1");
        Assert.Contains("no valid YAML", Assert.Throws<InvalidInputException>(() => Recipe.Load(broken)).Message, StringComparison.Ordinal);
        string twice = _folder.Write("twice.yaml", "seed: 1\nseed: 2");
        Assert.Contains("twice.yaml, line 2", Assert.Throws<InvalidInputException>(() => Recipe.Load(twice)).Message, StringComparison.Ordinal);
        Assert.Contains("--set training", Refused("", "training").Message, StringComparison.Ordinal);
    }

    [Fact]
    public void EnvironmentVariablesAreExpandedOrMissed()
    {
        Recipe recipe = Recipe.Parse(Minimal.Replace("folder: data", "folder: '${VLPEFT_TEST_NOWHERE:-/d}/x'", StringComparison.Ordinal), "/r/x.yaml");
        Assert.Equal("/d/x", recipe.Data.Folder);
        Assert.Contains("VLPEFT_TEST_NOWHERE", Refused("name: '${VLPEFT_TEST_NOWHERE}'").Message, StringComparison.Ordinal);
    }
}
