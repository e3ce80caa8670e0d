using VLPeft.Studies;
using Xunit;

namespace VLPeft.Tests.Studies;

/// <summary>A study file: what its axes mean, and what is refused.</summary>
public sealed class StudyTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void EveryCombinationIsAVariantAndHasItsReference()
    {
        Study study = Load("""
            base: x.yaml
            axes:
              - { name: method, cases: [{ name: LoRA }, { name: Adapter, set: [peft.method=adapter, peft.rank=4] }] }
              - { key: peft.routing, values: [none, multiply] }
            compare: routing
            """);
        IReadOnlyList<StudyVariant> variants = study.Variants();
        Assert.Equal(["LoRA, none", "LoRA, multiply", "Adapter, none", "Adapter, multiply"], variants.Select(variant => variant.Name));
        Assert.Equal(["peft.method=adapter", "peft.rank=4", "peft.routing=multiply"], variants[3].Set);
        Assert.Equal([0, 0, 2, 2], variants.Select(study.ReferenceOf));
        Assert.Equal([0, 1, 0, 1], variants.Select((study with { Compare = "method" }).ReferenceOf));
    }

    [Fact]
    public void FilesInAStudyAreRelativeToIt()
    {
        Study study = Load("""
            base: x.yaml
            set: [vision.cache=cache, training.steps=3]
            axes: [{ key: vision.model, values: [models/a, /models/b] }, { name: features, cases: [{ name: two, set: ["vision.features.hdf5=[f, ../g]"] }] }]
            """);
        IReadOnlyList<string> overrides = study.OverridesOf(study.Variants()[0], ["vision.model=elsewhere"]);
        Assert.Equal("models/a, two", study.Variants()[0].Name);
        Assert.Equal(
            [
                $"vision.cache=\"{_folder.File("cache")}\"", "training.steps=3", "vision.model=elsewhere", $"vision.model=\"{_folder.File("models", "a")}\"",
                $"vision.features.hdf5=[\"{_folder.File("f")}\",\"{Path.GetFullPath(_folder.File("..", "g"))}\"]",
            ],
            overrides);
        Assert.Contains("vision.model=\"/models/b\"", study.OverridesOf(study.Variants()[1], []));
    }

    [Theory]
    [InlineData("vision.model=~", "vision.model=null")] // nothing is no file
    [InlineData("vision.modell=x", "vision.modell=x")] // whoever reads the recipe names these two
    [InlineData("rank", "rank")]
    [InlineData("vision.model.name=x", "vision.model.name=x")]
    public void WhatNamesNoFileIsLeftAsItIs(string given, string expected)
    {
        Study study = Load($"base: x\naxes: [{{ name: a, cases: [{{ name: one, set: ['{given}'] }}] }}]");
        Assert.Equal([expected], study.OverridesOf(study.Variants()[0], []));
    }

    [Fact]
    public void AFileThatIsNoTextIsRefused()
    {
        Study study = Load("base: x\naxes: [{ key: vision.model, values: ['{ a: b }'] }]");
        string message = Assert.Throws<InvalidInputException>(() => study.OverridesOf(study.Variants()[0], [])).Message;
        Assert.Contains("vision.model: expected text, got keys and values", message, StringComparison.Ordinal);
        Assert.Contains("study.yaml", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("base: x.yaml", "axes", "at least one")]
    [InlineData("axes: [{ key: peft.rank, values: [1] }]", "base")]
    [InlineData("base: x\naxes: [{ key: peft.rank }]", "a key with values, or cases")]
    [InlineData("base: x\naxes: [{ key: peft.rank, values: [1, 1] }]", "rank", "different values")]
    [InlineData("base: x\naxes: [{ cases: [{ name: a }] }]", "a name for an axis of cases")]
    [InlineData("base: x\naxes: [{ key: peft.rank, values: [1] }, { key: a.rank, values: [1] }]", "a name of its own")]
    [InlineData("base: x\naxes: [{ key: peft.rank, values: [1] }]\ncompare: routing", "compare", "'routing'")]
    [InlineData("base: x\naxes: [{ key: peft.rank, values: [1] }]\nseeds: 0", "seeds", "0")]
    [InlineData("base: x\naxes: [{ key: peft.rank, values: [1] }]\nlearning-rates: [1e-3, 1e-3]", "learning-rates")]
    [InlineData("base: x\naxes: [{ key: peft.rank, values: [1] }]\ntuning-seeds: 4", "tuning-seeds", "4")]
    [InlineData("base: x\naxis: []", "axis", "did you mean 'axes'")]
    public void WhatMakesNoStudyIsRefused(string yaml, params string[] words)
    {
        string message = Assert.Throws<InvalidInputException>(() => Load(yaml)).Message;
        Assert.All(words.Select(word => word.Trim('\'')), word => Assert.Contains(word, message, StringComparison.Ordinal));
    }

    private Study Load(string yaml)
    {
        string path = _folder.File("study.yaml");
        File.WriteAllText(path, yaml);
        return Study.Load(path);
    }
}
