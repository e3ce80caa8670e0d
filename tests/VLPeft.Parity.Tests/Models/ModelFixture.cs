using System.Text.Json;
using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Models;

/// <summary>One folder of fixtures/models: a Hugging Face model with inputs, outputs and gradients in io.safetensors.</summary>
internal sealed class ModelFixture : IDisposable
{
    // The gradient of a key's bias is zero (softmax ignores what all keys share); what fixtures hold is rounding, below this part of
    // the model's largest gradient.
    private const double Rounding = 1e-6;

    private readonly SafetensorsFile io;

    public ModelFixture(string name)
    {
        set_num_threads(1);
        Folder = FixtureRoot.File("models", name);
        io = SafetensorsFile.Open(Path.Combine(Folder, "io.safetensors"));
    }

    public string Folder { get; }

    /// <summary>The folders whose config.json has one of the model types.</summary>
    public static TheoryData<string> Named(params string[] modelTypes)
    {
        var names = new TheoryData<string>();
        foreach (string folder in Directory.EnumerateDirectories(FixtureRoot.File("models")).Order())
        {
            string config = Path.Combine(folder, "config.json");
            if (File.Exists(config) && modelTypes.Contains(ModelType(config)))
                names.Add(Path.GetFileName(folder));
        }
        Assert.NotEmpty(names);
        return names;
    }

    public bool Has(string name) => io.Names.Contains(name);

    public Tensor this[string name] => io.Read(name);

    /// <summary>All tensors whose names begin with the prefix, by the tail of the name.</summary>
    public IEnumerable<(string Tail, Tensor Value)> Under(string prefix) =>
        io.Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Select(name => (name[prefix.Length..], io.Read(name)));

    public void AssertOutput(string name, Tensor actual) => TensorAssert.Close(this["out/" + name], actual, TensorAssert.Block, name);

    public void AssertHiddenStates(IReadOnlyList<Tensor> states)
    {
        Assert.Equal(Under("out/hidden_states/").Count(), states.Count);
        for (int i = 0; i < states.Count; i++)
            AssertOutput($"hidden_states/{i}", states[i]);
    }

    /// <summary>Every parameter's gradient, and none where the fixture has none.</summary>
    public void AssertGradients(nn.Module model, params (string Name, Tensor Input)[] inputs)
    {
        var expected = Under("grad/").ToDictionary(pair => pair.Tail, pair => pair.Value);
        double nothing = Rounding * expected.Values.Max(Largest);
        foreach ((string name, Tensor tensor) in model.named_parameters().Select(p => (p.name, (Tensor)p.parameter)).Concat(inputs))
        {
            if (!expected.Remove(name, out Tensor? gradient))
                Assert.True(tensor.grad is null, $"{name} got a gradient which the fixture lacks");
            else if (tensor.grad is null)
                Assert.Fail($"{name} got no gradient");
            else if (Largest(gradient) <= nothing)
                Assert.InRange(Largest(tensor.grad), 0, nothing);
            else
                TensorAssert.Close(gradient, tensor.grad, TensorAssert.Model, "grad/" + name);
        }
        Assert.Empty(expected.Keys);
    }

    public static void Train(nn.Module model)
    {
        foreach (Parameter parameter in model.parameters())
            parameter.requires_grad = true;
    }

    public void Dispose() => io.Dispose();

    private static double Largest(Tensor x) => x.abs().max().ToDouble();

    private static string? ModelType(string config)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(config));
        return document.RootElement.TryGetProperty("model_type", out JsonElement type) ? type.GetString() : null;
    }
}
