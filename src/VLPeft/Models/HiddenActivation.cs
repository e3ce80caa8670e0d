using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VLPeft.Models;

/// <summary>The activation of a backbone's feed-forward layers.</summary>
public enum HiddenActivation
{
    /// <summary>GELU by the error function ("gelu").</summary>
    Gelu,

    /// <summary>GELU by the tanh approximation ("gelu_new", "gelu_pytorch_tanh").</summary>
    GeluTanh,

    /// <summary>ReLU ("relu").</summary>
    Relu,

    /// <summary>x · sigmoid(1.702 x), CLIP's approximation of GELU ("quick_gelu").</summary>
    QuickGelu,
}

/// <summary>Names and computation of <see cref="HiddenActivation"/>.</summary>
public static class HiddenActivations
{
    /// <summary>The activation of x, elementwise, same shape.</summary>
    public static Tensor Apply(this HiddenActivation activation, Tensor x) => activation switch
    {
        HiddenActivation.Gelu => nn.functional.gelu(x),
        HiddenActivation.GeluTanh => nn.functional.gelu(x, GELU.Approximate.tanh),
        HiddenActivation.Relu => nn.functional.relu(x),
        HiddenActivation.QuickGelu => QuickGelu(x),
        _ => throw new ArgumentOutOfRangeException(nameof(activation)),
    };

    /// <summary>Its name in Hugging Face configurations ("gelu", "gelu_new", "relu", "quick_gelu").</summary>
    public static string Name(this HiddenActivation activation) => ByName.First(pair => pair.Value == activation).Key;

    /// <summary>The activation of a Hugging Face name.</summary>
    /// <exception cref="InvalidInputException">Another name; the message lists those there are.</exception>
    public static HiddenActivation Parse(string name) => ByName.TryGetValue(name, out HiddenActivation activation)
        ? activation
        : throw new InvalidInputException($"activation: expected one of {string.Join(", ", ByName.Keys)}, got '{name}'.");

    private static Tensor QuickGelu(Tensor x)
    {
        using Tensor scaled = x.Times(1.702), gate = scaled.sigmoid();
        return x * gate;
    }

    internal static readonly IReadOnlyDictionary<string, HiddenActivation> ByName = new Dictionary<string, HiddenActivation>
    {
        ["gelu"] = HiddenActivation.Gelu,
        ["gelu_new"] = HiddenActivation.GeluTanh,
        ["gelu_pytorch_tanh"] = HiddenActivation.GeluTanh,
        ["relu"] = HiddenActivation.Relu,
        ["quick_gelu"] = HiddenActivation.QuickGelu,
    };
}
