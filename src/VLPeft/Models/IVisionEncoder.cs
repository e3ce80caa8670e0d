using static TorchSharp.torch;

namespace VLPeft.Models;

/// <summary>What a vision encoder computes. B batch, V positions (a transformer's class token and patches, the places of a convolutional network's
/// last map), d width.</summary>
/// <param name="LastHiddenState">The last layer's output, (B, V, d) with the class token at position 0; or (B, 1, d), that position
/// alone, when only <see cref="OutputPositions.First"/> was asked for and position 0 is what is pooled.</param>
/// <param name="Pooled">The pooled image feature, (B, d); null when the model has no pooler.</param>
/// <param name="HiddenStates">The embeddings and every layer's output, each (B, V, d), when asked for; a convolutional network's maps
/// have numbers of places and channels of their own.</param>
public sealed record VisionOutput(Tensor LastHiddenState, Tensor? Pooled, IReadOnlyList<Tensor>? HiddenStates = null);

/// <summary>A vision backbone: pixels in, a pooled feature and patch features out.</summary>
public interface IVisionEncoder
{
    /// <summary>d: the width of every feature.</summary>
    long Width { get; }

    /// <summary>Height and width of the images it takes, in pixels.</summary>
    long ImageSize { get; }

    /// <summary>Colour channels of the images it takes.</summary>
    long Channels { get; }

    /// <summary>V: positions of the last hidden state, a class token included.</summary>
    long Positions { get; }

    /// <summary>Whether <see cref="VisionOutput.Pooled"/> is computed.</summary>
    bool HasPooler { get; }

    /// <summary>The configuration as Hugging Face's config.json.</summary>
    string ConfigJson { get; }

    /// <summary>The network itself: its parameters carry the checkpoint's names.</summary>
    nn.Module Module { get; }

    /// <summary>Encodes images.</summary>
    /// <param name="pixelValues">Normalised pixels, (B, channels, size, size), in the type of the weights.</param>
    /// <param name="positions"><see cref="OutputPositions.First"/> when only the pooled feature or position 0 is read: an encoder that
    /// pools position 0 saves work by it, one that pools over all positions computes them all the same.</param>
    /// <param name="hiddenStates">Whether to return the hidden states of all layers too.</param>
    /// <returns>Tensors that belong to the caller's dispose scope.</returns>
    /// <exception cref="ArgumentException">The pixels' shape or type is not the encoder's.</exception>
    VisionOutput Encode(Tensor pixelValues, OutputPositions positions = OutputPositions.All, bool hiddenStates = false);
}
