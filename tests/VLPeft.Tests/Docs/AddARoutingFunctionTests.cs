using Spectre.Console.Testing;
using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Cli;
using VLPeft.Models.Bert;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.Routing;
using VLPeft.Tests.Models;
using VLPeft.VisionLanguage;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Docs;

// docs:start
/// <summary><c>gate</c>: R(x_t, x_v) = x_t ∘ σ(x'_v), a gate for every one of the r directions.</summary>
public sealed class Gate : IRoutingFunction
{
    public string Name => "gate";

    public bool IsPositionWise => true; // each token is routed for itself

    public Tensor Route(Tensor text, Tensor vision)
    {
        RoutingShapes.RequirePooled(Name, text, vision); // (B, T, r) and (B, 1, r)
        return text * vision.sigmoid();
    }
}
// docs:end

/// <summary>docs/add-a-routing-function.md: its code is this file's, and what it says works.</summary>
[Collection(Seeded.Name)]
public sealed class AddARoutingFunctionTests
{
    private static readonly string Recipe = Path.Combine(DocumentedCode.Root, "recipes", "demo", "multiply.yaml");

    [Fact]
    public void The_page_shows_these_lines() =>
        DocumentedCode.AssertSame(DocumentedCode.Text("docs", "add-a-routing-function.md"), "AddARoutingFunctionTests.cs");

    [Fact]
    public void A_model_learns_with_it()
    {
        using var all = NewDisposeScope();
        Register();
        BertFamilyModel text = Tiny.Eval(() => new BertFamilyModel(Tiny.Roberta));
        var feature = new RoutingFeature(Tiny.Roberta.Width);
        LoraOptions lora = new(ModulePattern.Suffixes(text.PeftTargets.Lora), 4, 4) { Routing = KnownRoutingFunctions.Get("gate") };
        using PeftModel peft = PeftModel.Inject(text.Module, lora.ToPlan(), feature);
        using var image = new ImageSide(new ImageSideOptions(RoutingSource.Pooled, PrefixKind.None, PrefixSource.Pooled, Routed: true), Tiny.Roberta.Width, null);
        using var head = new VqaHead(Tiny.Roberta.Width, 24, 5);
        using var model = new VqaModel(text, image, head, ReadoutKind.First, feature);
        Tensor ids = randint(3, 30, [8, 6], int64), targets = nn.functional.one_hot(arange(Scalars.Of(8), int64).remainder(Scalars.Of(5)), 5).to(float32);
        var features = new ImageFeatures(randn(8, 1, Tiny.Roberta.Width));
        IEnumerable<Parameter> trained = [.. peft.TrainableParameters.Select(one => one.Parameter), .. head.parameters()];
        using var optimizer = optim.AdamW(trained, lr: 1e-2);

        var losses = new List<double>();
        for (int step = 0; step < 20; step++)
        {
            using var scope = NewDisposeScope();
            Tensor loss = VqaLoss.Of(model.call(ids, null, features), targets);
            losses.Add(loss.ToDouble());
            optimizer.zero_grad();
            loss.backward();
            peft.RequireGradients();
            optimizer.step();
        }

        Assert.True(losses[^1] < 0.7 * losses[0], $"from {losses[0]} to {losses[^1]}");
        Assert.All(peft.BottleneckParameters, one => Assert.True(one.Parameter.grad!.abs().max().ToDouble() > 0, one.Name));
    }

    [Fact]
    public void A_recipe_can_name_it()
    {
        Register();

        Assert.Equal("gate", VLPeft.Recipes.Recipe.Load(Recipe, "peft.routing=gate").Peft.Routing);
    }

    [Fact]
    public void The_command_line_takes_it_from_an_assembly()
    {
        using var output = new TestConsole();
        using var error = new TestConsole();

        int code = CliApplication.Run(
            ["inspect", Recipe, "--set", "peft.routing=gate", "--plugin", typeof(Gate).Assembly.Location], new CliConsole(output, error));

        Assert.Equal("", error.Output);
        Assert.Equal(0, code);
        Assert.Contains("routing gate", output.Output, StringComparison.Ordinal);
    }

    private static void Register() => KnownRoutingFunctions.Register(new Gate());
}
