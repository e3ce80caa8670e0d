using System.Text.Json;
using System.Xml.Linq;
using VLPeft.Tests.Reports;
using Xunit;

namespace VLPeft.Tests.Cli;

/// <summary><c>vlpeft analyse</c>: what it finds agrees with what must hold.</summary>
public sealed class AnalyseCommandTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    private const int Bottlenecks = 4; // query and value of two layers

    [Fact]
    public async Task RoutedAndPlainRunsAreCompared()
    {
        string output = world.New("analysis");
        string[] runs = [Trained("peft.routing=none"), Trained("peft.routing=multiply"), Trained("peft.routing=matmul-expand")];
        CommandResult said = CommandLine.Run(["analyse", .. runs, "-o", output, "--questions", "20"]).Expect(0);
        Assert.Contains("Another picture", said.Out, StringComparison.Ordinal);
        using JsonDocument insides = JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "insides.json")));
        JsonElement none = insides.RootElement.GetProperty("none"), multiply = insides.RootElement.GetProperty("multiply");
        Assert.Equal(20, none.GetProperty("questions").GetInt32());
        Assert.Empty(none.GetProperty("layers").EnumerateArray()); // nothing is routed there
        Assert.Equal([-1, 0, 1], multiply.GetProperty("layers").EnumerateArray().Select(layer => layer.GetProperty("layer").GetInt32()).Order());
        foreach (JsonElement run in insides.RootElement.EnumerateObject().Select(one => one.Value))
            Assert.All(Measures(run), measure => Assert.InRange(measure.Value, measure.Low, measure.High));
        // The outer product of x_v and one row of ones has rank one whatever the picture.
        JsonElement expand = insides.RootElement.GetProperty("matmul-expand");
        Assert.All(expand.GetProperty("bottlenecks").EnumerateArray(), one => Assert.Equal(1, one.GetProperty("effective_rank").GetDouble(), 1e-3));
        XElement page = XDocument.Load(Path.Combine(output, "report.html")).Root!;
        Assert.Contains("What each layer's routing is worth", page.Value, StringComparison.Ordinal);
        Assert.Equal(3 * Bottlenecks, page.Descendants("th").Count(cell => cell.Value.Contains(".attention.self.", StringComparison.Ordinal)));
        await HtmlChecker.Accepts(Path.Combine(output, "report.html"));
    }

    [Fact]
    public void WithoutPicturesNothingChanges()
    {
        string output = world.New("analysis"), blind = Trained("routing-feature.source=zeros");
        CommandLine.Run("analyse", blind, "-o", output).Expect(0);
        using JsonDocument insides = JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "insides.json")));
        JsonElement run = insides.RootElement.EnumerateObject().Single().Value;
        Assert.Equal(0, run.GetProperty("swap").GetProperty("changed").GetDouble());
        Assert.All(run.GetProperty("layers").EnumerateArray(), layer => Assert.Equal(0, layer.GetProperty("loss").GetDouble()));
        using JsonDocument evaluation = JsonDocument.Parse(File.ReadAllText(Path.Combine(blind, "evaluation-test.json")));
        Assert.Equal(evaluation.RootElement.GetProperty("accuracy").GetProperty("all").GetDouble(), run.GetProperty("accuracy").GetDouble(), 0.01); // all questions: the official figure
    }

    [Fact]
    public void WhatCannotBeAnalysedIsRefused()
    {
        CommandLine.Refused(["analyse", world.New()], "is no run folder");
        CommandLine.Refused(["analyse", Trained("peft.routing=none"), "--questions", "1"], "--questions");
    }

    private static IEnumerable<(double Value, double Low, double High)> Measures(JsonElement run)
    {
        yield return (run.GetProperty("accuracy").GetDouble(), 0, 100);
        yield return (run.GetProperty("swap").GetProperty("changed").GetDouble(), 0, 1);
        Assert.Equal(Bottlenecks, run.GetProperty("bottlenecks").GetArrayLength());
        foreach (JsonElement one in run.GetProperty("bottlenecks").EnumerateArray())
        {
            yield return (one.GetProperty("cosine").GetDouble(), -1.0001, 1.0001);
            yield return (one.GetProperty("cka_text_vision").GetDouble(), 0, 1.0001);
            if (one.GetProperty("effective_rank") is { ValueKind: JsonValueKind.Number } rank)
                yield return (rank.GetDouble(), 1 - 1e-6, 4 + 1e-6); // the tiny recipe's rank is 4
            JsonElement text = one.GetProperty("x_t");
            yield return (text.GetProperty("median").GetDouble(), text.GetProperty("q05").GetDouble(), text.GetProperty("q95").GetDouble());
        }
    }

    private string Trained(params string[] settings)
    {
        string run = world.New();
        CommandLine.Run(["train", world.Recipe, "-o", run, .. settings.SelectMany(one => new[] { "--set", one })]).Expect(0);
        CommandLine.Run("evaluate", run).Expect(0);
        return run;
    }
}
