using System.Text.Json.Nodes;
using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Routing;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Peft;

/// <summary>An adapter of a bare encoder in the whole model and the other way round, whatever its patterns look like.</summary>
public sealed class PeftPrefixTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vlpeft-adapter").FullName;

    public PeftPrefixTests() => set_num_threads(1);

    public void Dispose() => Directory.Delete(_folder, true);

    private static readonly ModulePattern[] Patterns =
        [ModulePattern.Suffixes("query"), ModulePattern.FullMatch(@"layer\.(0\.query|1\.value)"), ModulePattern.Suffixes("layer.1.query").InLayers([1]), ModulePattern.Suffixes("query").InLayers([0])];

    public static TheoryData<int, bool, string, bool> Ways => [.. from pattern in Enumerable.Range(0, 4)
                                                                  from fromBare in new[] { true, false }
                                                                  from prefix in new[] { "", "roberta." }
                                                                  from own in new[] { true, false }
                                                                  where fromBare || prefix.Length == 0
                                                                  select (pattern, fromBare, prefix, own)];

    [Theory, MemberData(nameof(Ways))]
    public void LoadsIntoTheBareAndIntoTheWholeModel(int pattern, bool fromBare, string prefix, bool own)
    {
        using var scope = NewDisposeScope();
        var whole = new Whole();
        // A regular expression of the whole model's names the prefix.
        ModulePattern targets = !fromBare && Patterns[pattern].Expression is { } regex ? ModulePattern.FullMatch($@"roberta\.{regex}") : Patterns[pattern];
        PeftPlan plan = new LoraOptions(targets, 4, 8) { AlsoTrain = [ModulePattern.Suffixes("1.norm.bias")] }.ToPlan();
        Tensor x = randn(2, 5, 8);
        Tensor[] expected;
        using (PeftModel saved = PeftModel.Inject(fromBare ? whole.Bare : whole, plan))
        {
            Randomize(saved);
            PeftFolder.Save(saved, _folder, prefix);
            expected = [whole.call(x).detach(), whole.Bare.call(x).detach()];
        }
        if (!own)
            RemoveOurKey();
        foreach (nn.Module target in new nn.Module[] { whole.Bare, whole })
        {
            using PeftModel loaded = PeftFolder.Load(_folder, target);
            Assert.True(whole.call(x).Equals(expected[0]));
            Assert.True(whole.Bare.call(x).Equals(expected[1]));
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public void ASharedAdapterKeepsItsSharing(bool fromBare)
    {
        using var scope = NewDisposeScope();
        var whole = new Whole();
        var feature = new RoutingFeature();
        PeftPlan plan = new AdapterOptions(ModulePattern.FullMatch((fromBare ? "" : @"roberta\.") + @"(layer\.\d+)\.(query|value)"), 4, HiddenActivation.Gelu)
        {
            ShareAs = (fromBare ? "" : "roberta.") + "$1.query", Residual = true, Routing = KnownRoutingFunctions.Add,
        }.ToPlan();
        Tensor x = randn(2, 5, 8), image = randn(2, 1, 8), expected;
        using (feature.Use(image))
        {
            using (PeftModel saved = PeftModel.Inject(fromBare ? whole.Bare : whole, plan, feature))
            {
                Randomize(saved);
                PeftFolder.Save(saved, _folder);
                expected = whole.Bare.call(x).detach();
            }
            using PeftModel loaded = PeftFolder.Load(_folder, fromBare ? whole : whole.Bare, feature);
            Assert.True(whole.Bare.call(x).Equals(expected));
            Assert.Equal(2, loaded.Attached.Select(one => one.Bottleneck).Distinct().Count());
        }
    }

    [Theory, InlineData(true), InlineData(false)]
    public void UnitsAreFoundUnderAPrefixWithWhatTheyShare(bool fromBare)
    {
        using var scope = NewDisposeScope();
        var whole = new Whole();
        ModulePattern At(string modules) => ModulePattern.FullMatch((fromBare ? "" : @"roberta\.") + modules);
        PeftPlan plan = new CompacterOptions(At(@"layer\.\d+\.query"), 8, 4, HiddenActivation.Gelu).ToPlan();
        plan = plan with { Units = [.. plan.Units, .. new Ia3Options(At(@"layer\.0\.value"), At(@"layer\.1\.value")).ToPlan().Units] };
        Tensor x = randn(2, 5, 8), expected;
        string audit;
        using (PeftModel saved = PeftModel.Inject(fromBare ? whole.Bare : whole, plan))
        {
            Randomize(saved);
            PeftFolder.Save(saved, _folder);
            (expected, audit) = (whole.Bare.call(x).detach(), saved.Describe().ToString());
        }
        using PeftModel loaded = PeftFolder.Load(_folder, fromBare ? whole : whole.Bare);
        Assert.True(whole.Bare.call(x).Equals(expected));
        Assert.Equal(plan.Units.Length, loaded.Plan.Units.Length);
        Assert.Equal(audit.Replace("roberta.", "", StringComparison.Ordinal).Split('\n')[1..], loaded.Describe().ToString().Replace("roberta.", "", StringComparison.Ordinal).Split('\n')[1..]);
    }

    [Theory, InlineData("dora"), InlineData("ia3")]
    public void WithoutOurKeyWhatPeftKnowsIsFoundUnderAPrefixToo(string method)
    {
        using var scope = NewDisposeScope();
        var whole = new Whole();
        PeftPlan plan = method == "dora"
            ? new DoraOptions(ModulePattern.Suffixes("query"), 4, 6).ToPlan() : new Ia3Options(ModulePattern.Suffixes("query"), ModulePattern.Suffixes("value")).ToPlan();
        Tensor x = randn(2, 5, 8), expected;
        using (PeftModel saved = PeftModel.Inject(whole.Bare, plan))
        {
            Randomize(saved);
            PeftFolder.Save(saved, _folder, "roberta.");
            expected = whole.Bare.call(x).detach();
        }
        RemoveOurKey();
        using PeftModel loaded = PeftFolder.Load(_folder, whole.Bare);
        Assert.True(whole.Bare.call(x).allclose(expected, 1e-5, 1e-6));
    }

    [Fact]
    public void TwoPlacesThatFitAlikeAreNamed()
    {
        using PeftModel saved = PeftModel.Inject(new Toy(), new LoraOptions(Patterns[0], 4, 8).ToPlan());
        PeftFolder.Save(saved, _folder);
        string message = Assert.Throws<InvalidInputException>(() => PeftFolder.Load(_folder, new Twins())).Message;
        Assert.All(["'left.'", "'next.'", "adapter_model.safetensors"], word => Assert.Contains(word, message, StringComparison.Ordinal));
    }

    // layer.1 of one model is not layer.0 of a smaller one.
    [Fact]
    public void ALayerIsNotTakenForAnother()
    {
        using PeftModel saved = PeftModel.Inject(new Toy(), new LoraOptions(ModulePattern.Suffixes("1.query"), 4, 8).ToPlan());
        PeftFolder.Save(saved, _folder);
        RemoveOurKey();
        string message = Assert.Throws<InvalidInputException>(() => PeftFolder.Load(_folder, nn.Sequential(("layer", nn.Sequential(("0", nn.Sequential(("query", nn.Linear(8, 8))))))))).Message;
        Assert.Contains("adapter_config.json", message, StringComparison.Ordinal);
        Assert.Contains("layer.0.query", message, StringComparison.Ordinal);
    }

    private static void Randomize(PeftModel peft)
    {
        using (no_grad())
            foreach ((_, Parameter parameter) in peft.TrainableParameters)
                parameter.normal_(0, 0.5);
    }

    private void RemoveOurKey()
    {
        string path = Path.Combine(_folder, "adapter_config.json");
        JsonObject config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        config.Remove("vlpeft");
        File.WriteAllText(path, config.ToJsonString());
    }

    /// <summary>An encoder under a head, as in RobertaForSequenceClassification.</summary>
    private sealed class Whole : nn.Module<Tensor, Tensor>
    {
        private readonly Toy roberta = new();
        private readonly Linear classifier = nn.Linear(8, 3);

        public Whole() : base(nameof(Whole)) => RegisterComponents();

        public Toy Bare => roberta;

        public override Tensor forward(Tensor x) => classifier.call(roberta.call(x));
    }

    private sealed class Twins : nn.Module<Tensor, Tensor>
    {
        private readonly Toy left = new(), next = new();

        public Twins() : base(nameof(Twins)) => RegisterComponents();

        public override Tensor forward(Tensor x) => left.call(x).Plus(next.call(x));
    }
}
