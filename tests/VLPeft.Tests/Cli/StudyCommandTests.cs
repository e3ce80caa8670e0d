using System.Diagnostics;
using System.Text.Json;
using System.Xml.Linq;
using VLPeft.Studies;
using VLPeft.Tests.Reports;
using Xunit;

namespace VLPeft.Tests.Cli;

/// <summary><c>vlpeft study</c> from file to report: what it makes, finds, goes on with and survives.</summary>
public sealed class StudyCommandTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    private const string Missing = "/no/such/model";
    private readonly string _output = Path.Combine(world.New("studies"), "first");

    [Fact]
    public async Task AGridIsRunReportedAndUsedAgain()
    {
        string study = Study("""
            question: Does routing help?
            axes: [{ key: peft.routing, values: [none, multiply] }]
            seeds: 2
            learning-rates: [1e-3, 1e-2]
            """);
        JsonElement results = await Run(study, _output, code: 0, "runs made, 0 were there"); // six, and one more for each variant whose own rate is not the common one
        JsonElement[] own = [.. results.GetProperty("own_rate").EnumerateArray()];
        Assert.Equal(["none", "multiply"], own.Select(one => one.GetProperty("variant").GetString()));
        foreach (JsonElement variant in own)
            Consistent(variant);
        Assert.Equal(JsonValueKind.Null, own[0].GetProperty("difference").ValueKind);
        JsonElement difference = own[1].GetProperty("difference");
        Assert.Equal("none", difference.GetProperty("to").GetString());
        Assert.Equal(own[1].GetProperty("mean").GetDouble() - own[0].GetProperty("mean").GetDouble(), difference.GetProperty("mean").GetDouble(), 0.01); // the official score is rounded
        Assert.Equal(9, File.ReadAllLines(Path.Combine(_output, "results.csv")).Length); // own and common rate, two variants, two seeds, a heading
        Assert.Contains("| multiply | ", File.ReadAllText(Path.Combine(_output, "results.md")), StringComparison.Ordinal);
        Assert.Contains("All at the recipe's learning rate", XDocument.Load(Path.Combine(_output, "report.html")).Root!.Value, StringComparison.Ordinal);

        await HtmlChecker.Accepts(Path.Combine(_output, "report.html"));

        await Run(study, _output, code: 0, "0 runs made");
        string second = Path.Combine(Path.GetDirectoryName(_output)!, "second"), more = Study("axes: [{ key: peft.routing, values: [none, add] }]\nseeds: 2");
        await Run(more, second, code: 0, "2 runs made, 2 were there"); // none is the same in both
    }

    [Fact]
    public async Task AFailedRunIsReportedAndTheOthersGoOn()
    {
        string study = Study("axes: [{ key: text.model, values: [" + world.Text + ", " + Missing + "] }]\nseeds: 1");
        JsonElement results = await Run(study, _output, code: 1, "1 runs made");
        JsonElement failure = Assert.Single(results.GetProperty("failures").EnumerateArray());
        Assert.Equal(Missing, failure.GetProperty("variant").GetString());
        Assert.Contains(Missing, failure.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(JsonValueKind.Null, results.GetProperty("own_rate")[1].GetProperty("mean").ValueKind);
        Assert.True(results.GetProperty("own_rate")[0].GetProperty("mean").GetDouble() >= 0);
        Assert.Contains("Runs that failed", XDocument.Load(Path.Combine(_output, "report.html")).Root!.Value, StringComparison.Ordinal);
        await HtmlChecker.Accepts(Path.Combine(_output, "report.html"));
    }

    [Fact]
    public async Task AKilledStudyGoesOn()
    {
        string study = Study("axes: [{ key: peft.routing, values: [none, multiply, add] }]\nseeds: 2");
        string cells = Path.Combine(Path.GetDirectoryName(_output)!, "cells");
        Process process = CommandLine.Start("study", study, "-o", _output, "--workers", "1");
        await CommandLine.Until(process, () => Directory.Exists(cells) && Finished(cells).Length >= 2);
        CommandLine.Signal(process, CommandLine.Kill);
        await CommandLine.End(process);
        var before = Finished(cells).ToDictionary(file => file, File.GetLastWriteTimeUtc);
        await Run(study, _output, code: 0);
        Assert.Equal(6, Finished(cells).Length);
        Assert.All(before, file => Assert.Equal(file.Value, File.GetLastWriteTimeUtc(file.Key))); // what was finished is left as it is
    }

    [Fact]
    public void ResultsOfOtherCodeOrRecipesAreNotUsed()
    {
        var recipe = VLPeft.Recipes.Recipe.Load(world.Recipe);
        string key = CellKey.Of(recipe);
        Assert.Equal(key, CellKey.Of(recipe with { Name = "other", Description = "other" }));
        Assert.NotEqual(key, CellKey.Of(recipe with { Seed = 1 }));
        Assert.NotEqual(key, CellKey.Of(recipe with { Peft = recipe.Peft with { Rank = 2 } }));
        Assert.Contains($"{typeof(CellKey).Module.ModuleVersionId:N}", CellKey.CodeVersion, StringComparison.Ordinal);
    }

    [Fact]
    public void StudiesThatCannotRunAreRefusedBeforeTheFirstRun()
    {
        CommandLine.Refused(["study", "nothing"], "'nothing'", "shipped are", "routing");
        CommandLine.Refused(["study", Study("axes: [{ key: peft.rooting, values: [none] }]"), "-o", _output], "variant 'none'", "peft.rooting");
        CommandLine.Refused(["study", Study("axes: [{ key: peft.routing, values: [none] }]\nlearning-rates: [7e-1]"), "-o", _output], "learning-rates", "own among them");
        CommandLine.Refused(["study", Study("axes: [{ name: a, cases: [{ name: one }, { name: two }] }]"), "-o", _output], "'one' and 'two' are the same recipe");
        CommandLine.Refused(["study", Study("axes: [{ key: peft.routing, values: [none] }]"), "-o", _output, "--seeds", "0"], "--seeds");
        Assert.False(Directory.Exists(_output));
        Assert.Contains("routing", CommandLine.Run("study").Expect(0).Out, StringComparison.Ordinal);
    }

    [Fact]
    public void EveryShippedStudyCanBePlanned()
    {
        string[] names = [.. VLPeft.Cli.ShippedStudies.Names];
        Assert.NotEmpty(names);
        foreach (string name in names)
        {
            string file = VLPeft.Cli.ShippedStudies.Resolve(name);
            Study study = VLPeft.Studies.Study.Load(file);
            Assert.True(study.Question.EndsWith('?'), $"{name}: no question");
            var plan = new VLPeft.Cli.Studies.StudyPlan(study, new VLPeft.Cli.Studies.StudyOptions(file, _output, world.Root, 1, null, [], false) { Named = name });
            Assert.True(plan.Variants.Count > 1, name);
        }
    }

    private static string[] Finished(string cells) => Directory.GetFiles(cells, "outcome.json", SearchOption.AllDirectories);

    private static void Consistent(JsonElement variant)
    {
        double[] seeds = [.. variant.GetProperty("seeds").EnumerateArray().Select(seed => seed.GetProperty("score").GetDouble())];
        Assert.Equal(2, seeds.Length);
        Assert.Equal(seeds.Average(), variant.GetProperty("mean").GetDouble(), 1e-9);
        var byRate = variant.GetProperty("validation_by_rate").EnumerateObject().ToDictionary(one => double.Parse(one.Name), one => one.Value.GetDouble());
        Assert.Equal(2, byRate.Count);
        Assert.Equal(byRate.MaxBy(one => one.Value).Value, byRate[variant.GetProperty("learning_rate").GetDouble()]);
    }

    private static async Task<JsonElement> Run(string study, string output, int code, params string[] words)
    {
        CommandResult ended = (await CommandLine.End(CommandLine.Start("study", study, "-o", output, "--workers", "2"))).Expect(code);
        Assert.All(words, word => Assert.Contains(word, ended.Out, StringComparison.Ordinal));
        using JsonDocument results = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(output, "results.json")));
        return results.RootElement.Clone();
    }

    private string Study(string yaml)
    {
        string path = world.New("study") + ".yaml";
        File.WriteAllText(path, $"base: {world.Recipe}\nset: [training.steps=4, training.validate-every=2, training.learning-rate=1e-3]\n{yaml}\n");
        return path;
    }
}
