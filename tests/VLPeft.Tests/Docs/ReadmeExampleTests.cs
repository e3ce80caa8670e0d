using TorchSharp;
using VLPeft.Peft;
using VLPeft.Routing;
using VLPeft.Tests.Models;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Docs;

/// <summary>The README's library example, as it is printed there.</summary>
[Collection(Seeded.Name)]
public sealed class ReadmeExampleTests : IDisposable
{
    private readonly TemporaryFolder home = new();

    public void Dispose() => home.Dispose();

    [Fact]
    public void The_readme_shows_these_lines() => DocumentedCode.AssertSame(DocumentedCode.Text("README.md"), "ReadmeExampleTests.cs");

    [Fact]
    public void They_train_and_save_a_routed_lora()
    {
        using var all = NewDisposeScope();
        manual_seed(1);
        Tensor text = randn(8, 5, 64), imageFeature = randn(8, 1, 64), target = randn(8, 5, 64);
        string folder = home.File("adapter");

        // docs:start
        using var model = nn.Sequential(("query", nn.Linear(64, 64)), ("norm", nn.LayerNorm(64)), ("value", nn.Linear(64, 64)));
        var feature = new RoutingFeature(width: 64);
        var lora = new LoraOptions(ModulePattern.Suffixes("query", "value"), Rank: 8, Alpha: 8)
        {
            Routing = KnownRoutingFunctions.Multiply,
            AlsoTrain = [ModulePattern.Suffixes("norm.weight", "norm.bias")], // everything else of the model is frozen
        };
        using PeftModel peft = PeftModel.Inject(model, lora.ToPlan(), feature);
        Console.WriteLine(peft.Describe()); // what was matched, what is routed, how many parameters train

        using var optimizer = optim.AdamW(peft.TrainableParameters.Select(one => one.Parameter), lr: 1e-2);
        for (int step = 0; step < 50; step++)
        {
            using var scope = NewDisposeScope();
            using IDisposable image = feature.Use(imageFeature); // x_R (B, V, d): routed bottlenecks read it in this forward
            Tensor loss = nn.functional.mse_loss(model.call(text), target);
            optimizer.zero_grad();
            loss.backward();
            peft.RequireGradients(); // names whatever would never learn
            optimizer.step();
        }
        PeftFolder.Save(peft, folder); // adapter_config.json and adapter_model.safetensors
        // docs:end

        using (no_grad())
        using (feature.Use(imageFeature))
        {
            float trained = nn.functional.mse_loss(model.call(text), target).item<float>();
            peft.Detach();
            Assert.True(trained < 0.9 * nn.functional.mse_loss(model.call(text), target).item<float>());
        }
        Assert.True(File.Exists(Path.Combine(folder, "adapter_config.json")));
    }
}
