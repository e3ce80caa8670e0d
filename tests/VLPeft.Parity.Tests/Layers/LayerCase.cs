using System.Text.Json;
using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Checkpoints;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Layers;

/// <summary>One case of layers.json with its tensors; those of the case are leaves with gradients.</summary>
internal sealed class LayerCase : IDisposable
{
    private readonly SafetensorsFile _file = SafetensorsFile.Open(FixtureRoot.File("layers", "layers.safetensors"));
    private readonly Dictionary<string, Tensor> _leaves = [];

    public LayerCase(string name)
    {
        using JsonDocument document = FixtureRoot.Json("layers", "layers.json");
        Settings = document.RootElement.GetProperty("cases").EnumerateArray().Single(one => one.GetProperty("name").GetString() == name).Clone();
        Name = name;
    }

    public string Name { get; }

    public JsonElement Settings { get; }

    public string Kind => Text("kind");

    public static IEnumerable<string> Names()
    {
        using JsonDocument document = FixtureRoot.Json("layers", "layers.json");
        return [.. document.RootElement.GetProperty("cases").EnumerateArray().Select(one => one.GetProperty("name").GetString()!)];
    }

    public string Text(string key) => Settings.GetProperty(key).GetString()!;

    public double Number(string key) => Settings.GetProperty(key).GetDouble();

    public bool Has(string tensor) => _file.Entries.ContainsKey($"{Name}/{tensor}");

    public Tensor Constant(string tensor) => _file.Read($"{Name}/{tensor}");

    /// <summary>An input or weight whose gradient the fixture knows.</summary>
    public Tensor Leaf(string tensor) =>
        _leaves.TryGetValue(tensor, out Tensor? leaf) ? leaf : _leaves[tensor] = Constant(tensor).clone().requires_grad_();

    /// <summary>Puts a tensor of the fixture into a parameter and compares the parameter's gradient later.</summary>
    public void Fill(Parameter parameter, string tensor)
    {
        using (no_grad())
            parameter.copy_(Constant(tensor));
        parameter.requires_grad = true;
        _leaves[tensor] = parameter;
    }

    /// <summary>The output and every gradient the fixture has, whole.</summary>
    public void AssertForwardAndGradients(Tensor y, double tolerance)
    {
        Tolerance.AssertClose(Constant("y"), y, tolerance, $"{Name}/y");
        y.backward([Constant("upstream")]);
        string prefix = $"{Name}/grad/";
        string[] names = [.. _file.Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal))];
        // A layer norm over r/4 = 2 numbers hands almost nothing on: gradients above 10 cancel to some 0.001 with errors of 1e-5, the fixture's 1.4e-5 off
        // its own equations in fp64, ours up to 2.6e-5 as the processor has it. What lies below it is held against what it is the difference of.
        double magnitude = Kind == "split-merge-residual" ? names.Max(name => _file.Read(name).abs().max().ToDouble()) : 1;
        foreach (string name in names)
        {
            Tensor leaf = _leaves[name[prefix.Length..]]; // throws when the test forgot one
            Tensor gradient = leaf.grad ?? zeros_like(leaf);
            Tolerance.AssertClose(_file.Read(name), gradient, tolerance, name, IsBelowNorm(name) ? magnitude : 1);
        }
    }

    private static bool IsBelowNorm(string gradient) => gradient.Split('/')[^1] is "down_text" or "down_image" or "x" or "v";

    public void Dispose() => _file.Dispose();
}
