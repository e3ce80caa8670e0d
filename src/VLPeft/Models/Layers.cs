using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;
using static TorchSharp.torch.nn;

namespace VLPeft.Models;

/// <summary>Small pieces that several backbones are made of.</summary>
internal static class Layers
{
    /// <summary>Dropout that costs nothing when it is off.</summary>
    public static Tensor Drop(Tensor x, double probability, bool training) =>
        training && probability > 0 ? functional.dropout(x, probability, training: true) : x;

    /// <summary>
    /// An embedding whose table is allocated once, on the device. (TorchSharp fills a table with random numbers on the CPU before it
    /// moves it even to META: 0.3 s and 200 MB for RoBERTa-large.)
    /// </summary>
    public static Embedding Table(long rows, long width, Device? device, long? padding = null)
    {
        Embedding table = Embedding((padding ?? 0) + 1, width, padding_idx: padding);
        table.weight = Bare(zeros(rows, width, device: device));
        return table;
    }

    /// <summary>A parameter that outlives the dispose scope it is made in, as those inside TorchSharp's modules do.</summary>
    public static Parameter Bare(Tensor value)
    {
        Parameter parameter = new(value);
        parameter.DetachFromDisposeScope();
        return parameter;
    }

    /// <summary>
    /// Hugging Face's initialisation: N(0, sd) for dense, convolution and embedding weights, 0 for biases; LayerNorms keep 1 and 0.
    /// </summary>
    public static void Initialise(nn.Module root, double sd)
    {
        using var _ = no_grad();
        foreach (nn.Module module in root.modules())
        {
            switch (module)
            {
                case Linear linear:
                    Fill(linear.weight!, linear.bias, sd);
                    break;
                case Conv1D transposed:
                    Fill(transposed.Weight, transposed.Bias, sd);
                    break;
                case Conv2d convolution:
                    Fill(convolution.weight!, convolution.bias, sd);
                    break;
                case Embedding table:
                    Fill(table.weight!, null, sd);
                    break;
            }
        }
    }

    /// <summary>He et al.'s initialisation of networks with ReLUs: N(0, 2 / fan-out) for convolutions and linear layers, 0 for biases.</summary>
    public static void InitialiseConvolutions(nn.Module root)
    {
        using var _ = no_grad();
        foreach (nn.Module module in root.modules())
        {
            switch (module)
            {
                case Linear linear:
                    Fill(linear.weight!, linear.bias, Math.Sqrt(2.0 / linear.weight!.shape[0]));
                    break;
                case Conv2d convolution:
                    long fanOut = convolution.weight!.numel() / convolution.weight.shape[1] / convolution.groups;
                    Fill(convolution.weight, convolution.bias, Math.Sqrt(2.0 / fanOut));
                    break;
            }
        }
    }

    private static void Fill(Tensor weight, Tensor? bias, double sd)
    {
        init.normal_(weight, 0, sd);
        if (bias is not null)
            init.zeros_(bias);
    }

    /// <summary>Whether parameters on this device hold no numbers until a loader replaces them.</summary>
    public static bool IsMeta(Device? device) => device?.type == DeviceType.META;

    /// <summary>Refuses tensors whose element type is not that of the weights they meet.</summary>
    public static void ExpectType(Tensor x, string what, Tensor weight)
    {
        if (x.dtype != weight.dtype)
            throw new ArgumentException($"{what} must be {weight.dtype} like the weights, not {x.dtype}.");
    }

    /// <summary>Refuses token ids that are not (B, T), int64, from 0 to <paramref name="count"/> − 1.</summary>
    public static void ExpectIds(Tensor ids, string what, long count)
    {
        Expect(ids, what, "(B, T)", -1, -1);
        if (ids.dtype != ScalarType.Int64)
            throw new ArgumentException($"{what} must be int64, not {ids.dtype}.");
        // 8 µs for 64 × 20 ids on the CPU, and the only way to a message that names the id.
        using Tensor least = ids.min(), most = ids.max();
        if (least.ToInt64() < 0 || most.ToInt64() >= count)
            throw new ArgumentException($"{what} must lie in 0 … {count - 1}, but range from {least.ToInt64()} to {most.ToInt64()}.");
    }

    /// <summary>Refuses tensors whose shape is not the expected one; −1 matches any positive size.</summary>
    public static void Expect(Tensor x, string what, string legend, params ReadOnlySpan<long> shape)
    {
        bool matches = x.dim() == shape.Length;
        for (int i = 0; matches && i < shape.Length; i++)
            matches = shape[i] < 0 ? x.shape[i] > 0 : x.shape[i] == shape[i];
        if (!matches)
        {
            throw new ArgumentException(
                $"{what} must have shape {legend} = ({string.Join(", ", shape.ToArray().Select(n => n < 0 ? "any" : $"{n}"))}), "
                + $"not ({string.Join(", ", x.shape)}).");
        }
    }
}

/// <summary>One linear layer under the name "dense", as Hugging Face wraps it in its intermediate, output and pooler modules.</summary>
internal sealed class DenseModule : Module<Tensor, Tensor>
{
    private readonly Linear dense;

    public DenseModule(long inputs, long outputs, Device? device) : base(nameof(DenseModule))
    {
        dense = Linear(inputs, outputs, device: device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => dense.call(x);
}

/// <summary>An image cut into patches, each projected: Hugging Face's patch embeddings. The convolution's stride is its size.</summary>
internal sealed class PatchModule : Module<Tensor, Tensor>
{
    private readonly Conv2d projection;

    public PatchModule(long channels, long width, long patchSize, Device? device) : base(nameof(PatchModule))
    {
        projection = Conv2d(channels, width, patchSize, stride: patchSize, device: device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor pixelValues) => Project(projection, pixelValues);

    /// <summary>Each patch through a convolution whose stride is its size; (B, C, H, W) → (B, patches, d), row by row.</summary>
    public static Tensor Project(Conv2d projection, Tensor pixelValues)
    {
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(pixelValues.dtype == ScalarType.Float32
            ? projection.call(pixelValues).flatten(2).transpose(1, 2) // (B, d, rows, columns) → (B, d, patches) → (B, patches, d)
            : ProjectAsLinear(projection, pixelValues));
    }

    // In bf16 twice as fast on the CPU as oneDNN's convolution (benchmark `patches`), which has also given wrong numbers on one machine.
    private static Tensor ProjectAsLinear(Conv2d projection, Tensor pixelValues)
    {
        Tensor weight = projection.weight!;
        long size = weight.shape[2], channels = pixelValues.shape[1], rows = pixelValues.shape[2] / size, columns = pixelValues.shape[3] / size;
        Tensor patches = pixelValues.narrow(2, 0, rows * size).narrow(3, 0, columns * size)
            .reshape(-1, channels, rows, size, columns, size).permute(0, 2, 4, 1, 3, 5).reshape(-1, rows * columns, channels * size * size);
        return functional.linear(patches, weight.flatten(1), projection.bias);
    }
}
