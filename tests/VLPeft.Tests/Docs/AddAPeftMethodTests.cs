using System.Collections.Immutable;
using TorchSharp;
using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Routing;
using VLPeft.Tests.Models;
using VLPeft.Tests.Peft;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Docs;

// docs:start
/// <summary>Parallel adapters: y + s · W_up act(R(W_down x + c, W_down x_R + c)) + c_up, x being the module's input.</summary>
public sealed record ParallelAdapterOptions(ModulePattern Targets, long Rank, double Scale, HiddenActivation Activation)
{
    public IRoutingFunction Routing { get; init; } = KnownRoutingFunctions.None;

    public ImmutableArray<ModulePattern> AlsoTrain { get; init; } = [];

    public PeftPlan ToPlan() => new(
        [new PeftSite(Targets, Attachment.Parallel)],
        new BottleneckOptions(Rank, Scale, KnownBottlenecks.SharedDown, Routing, Bias: true, Activation: Activation),
        AlsoTrain,
        BottleneckNames.Adapter);
}
// docs:end

/// <summary>docs/add-a-peft-method.md: its code is this file's, and it trains.</summary>
[Collection(Seeded.Name)]
public sealed class AddAPeftMethodTests
{
    [Fact]
    public void The_page_shows_these_lines() =>
        DocumentedCode.AssertSame(DocumentedCode.Text("docs", "add-a-peft-method.md"), "AddAPeftMethodTests.cs");

    [Fact]
    public void A_model_starts_unchanged_and_learns_with_it()
    {
        using var all = NewDisposeScope();
        manual_seed(2);
        var toy = new Toy();
        var feature = new RoutingFeature(8);
        Tensor x = randn(4, 5, 8), target = randn(4, 5, 8), before = toy.call(x).detach();
        var options = new ParallelAdapterOptions(ModulePattern.Suffixes("query", "value"), 4, 2, HiddenActivation.Gelu) { Routing = KnownRoutingFunctions.Add };
        using PeftModel peft = PeftModel.Inject(toy, options.ToPlan(), feature);
        using IDisposable image = feature.Use(randn(4, 1, 8));
        using var optimizer = optim.AdamW(peft.TrainableParameters.Select(one => one.Parameter), lr: 1e-2);

        Assert.True(toy.call(x).Equals(before));
        var losses = new List<double>();
        for (int step = 0; step < 20; step++)
        {
            using var scope = NewDisposeScope();
            Tensor loss = nn.functional.mse_loss(toy.call(x), target);
            losses.Add(loss.ToDouble());
            optimizer.zero_grad();
            loss.backward();
            peft.RequireGradients();
            optimizer.step();
        }
        Assert.True(losses[^1] < 0.95 * losses[0], $"from {losses[0]} to {losses[^1]}");
    }
}
