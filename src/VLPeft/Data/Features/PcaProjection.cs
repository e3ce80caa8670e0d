using System.Globalization;
using TorchSharp;
using VLPeft.Checkpoints;
using static TorchSharp.torch;

namespace VLPeft.Data.Features;

/// <summary>How a <see cref="PcaProjection"/> is fitted.</summary>
public sealed record PcaOptions
{
    /// <summary>
    /// The power of whitening, from 0 (directions keep their variances) to 1 (all get the same): each is divided by
    /// eigenvalue^(whitening/2).
    /// </summary>
    public double Whitening { get; init; }

    /// <summary>Subtract the mean of the training features (the default); else the first direction is about the mean itself.</summary>
    public bool Center { get; init; } = true;
}

/// <summary>
/// A fixed projection of image features to the language model's width (method.md §1): the principal components of the training features,
/// each divided by eigenvalue^(whitening/2), the whole scaled so that projected training features have a mean square of one. Every
/// component's sign makes its largest entry positive. Stored with the run as a safetensors file.
/// </summary>
public sealed class PcaProjection : IDisposable
{
    private const string MeanName = "mean", ComponentsName = "components", EigenvaluesName = "eigenvalues", Format = "vlpeft-pca-1";
    private const int FitRows = 4096;
    private const double RelativeRounding = 2.220446049250313e-16;     // of double precision
    private readonly Tensor mean;                                       // (d_in), float32
    private readonly Tensor components;                                 // (d_out, d_in), float32, scaled
    private readonly Tensor eigenvalues;                                // (d_out), float64, falling

    private PcaProjection(Tensor mean, Tensor components, Tensor eigenvalues, PcaOptions options, long fittedOn)
    {
        this.mean = mean.DetachFromDisposeScope();
        this.components = components.DetachFromDisposeScope();
        this.eigenvalues = eigenvalues.DetachFromDisposeScope();
        (Options, FittedOn) = (options, fittedOn);
    }

    /// <summary>How it was fitted.</summary>
    public PcaOptions Options { get; }

    /// <summary>The number of training vectors.</summary>
    public long FittedOn { get; }

    /// <summary>The width it takes, d_in.</summary>
    public long InputWidth => components.shape[1];

    /// <summary>The width it gives, d_out.</summary>
    public long OutputWidth => components.shape[0];

    /// <summary>Fits to training features, in double precision.</summary>
    /// <param name="features">(N, d_in) or (N, V, d_in), whose N·V vectors all count; any floating-point type.</param>
    /// <param name="outputWidth">d_out.</param>
    /// <param name="options">Whitening 0 and centred by default.</param>
    /// <exception cref="InvalidInputException">
    /// There are fewer than d_out vectors, or directions in which they vary, d_out is above d_in, or a number is not finite.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">Whitening outside [0, 1], or d_out below 1.</exception>
    public static PcaProjection Fit(Tensor features, int outputWidth, PcaOptions? options = null)
    {
        options ??= new PcaOptions();
        ArgumentOutOfRangeException.ThrowIfLessThan(outputWidth, 1);
        if (options.Whitening is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(options), options.Whitening, "Whitening goes from 0 to 1.");
        if (features.dim() is not (2 or 3) || !features.is_floating_point())
        {
            throw new ArgumentException(
                $"Expected floats (N, d) or (N, V, d), got {features.dtype} ({string.Join(", ", features.shape)}).", nameof(features));
        }
        using var scope = NewDisposeScope();
        using var gradients = no_grad();
        Tensor vectors = features.detach().cpu().reshape(-1, features.shape[^1]);
        CheckSize(vectors, outputWidth);
        (Tensor mean, Tensor covariance) = Moments(vectors, options.Center);
        if (!covariance.isfinite().all().ToBoolean())
            throw new InvalidInputException("A PCA projection can't be fitted: the training features hold numbers that are not finite.");
        (Tensor values, Tensor directions) = linalg.eigh(covariance);   // rising; directions in columns
        Tensor kept = values.flip(0)[..outputWidth], axes = FixSigns(directions.t().flip(0)[..outputWidth]);
        CheckRank(values, outputWidth, vectors.shape[0]);
        // The projected features have variance λ^(1 − whitening) along each component; their mean is to be one.
        double scale = 1 / Math.Sqrt(kept.pow(Scalars.Of(1 - options.Whitening)).mean().ToDouble());
        Tensor scaled = axes * kept.pow(Scalars.Of(-options.Whitening / 2)).Times(scale).unsqueeze(1);
        return new PcaProjection(mean.to(ScalarType.Float32), scaled.to(ScalarType.Float32), kept.contiguous(), options, vectors.shape[0]);
    }

    /// <summary>Projects features: (…, d_in) of any floating-point type to (…, d_out), float32.</summary>
    /// <exception cref="ArgumentException">The features have another width.</exception>
    public Tensor Apply(Tensor features)
    {
        if (features.dim() == 0 || features.shape[^1] != InputWidth)
            throw new ArgumentException($"Expected width {InputWidth}, got ({string.Join(", ", features.shape)}).", nameof(features));
        using var scope = NewDisposeScope();
        return nn.functional.linear(features.to(ScalarType.Float32) - mean, components).MoveToOuterDisposeScope();
    }

    /// <summary>Writes the projection to a safetensors file, with its settings in the header.</summary>
    /// <exception cref="IOException">The disk is full, or the file can't be written.</exception>
    public void Save(string path) => SafetensorsWriter.Write(path,
        new Dictionary<string, Tensor> { [MeanName] = mean, [ComponentsName] = components, [EigenvaluesName] = eigenvalues },
        new Dictionary<string, string>
        {
            ["format"] = Format,
            ["whitening"] = Options.Whitening.ToString("R", CultureInfo.InvariantCulture),
            ["center"] = Options.Center ? "true" : "false",
            ["fitted_on"] = FittedOn.ToString(CultureInfo.InvariantCulture),
        });

    /// <summary>Reads what <see cref="Save"/> wrote; it projects bit-identically.</summary>
    /// <exception cref="InvalidInputException">The file is missing, damaged, or holds no such projection.</exception>
    public static PcaProjection Load(string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        if (file.Metadata.GetValueOrDefault("format") != Format
            || !double.TryParse(file.Metadata.GetValueOrDefault("whitening"), CultureInfo.InvariantCulture, out double whitening)
            || !bool.TryParse(file.Metadata.GetValueOrDefault("center"), out bool center)
            || !long.TryParse(file.Metadata.GetValueOrDefault("fitted_on"), out long fittedOn)
            || !IsShaped(file))
        {
            throw new InvalidInputException($"'{path}' holds no PCA projection: expected the format {Format} with the tensors " +
                $"{MeanName} (d_in), {ComponentsName} (d_out, d_in) and {EigenvaluesName} (d_out); there are " +
                $"{string.Join(", ", file.Names)}.");
        }
        using var scope = NewDisposeScope();
        // Copies: a projection is small, and the file may be replaced while it is in use.
        return new PcaProjection(file.Read(MeanName).clone(), file.Read(ComponentsName).clone(), file.Read(EigenvaluesName).clone(),
            new PcaOptions { Whitening = whitening, Center = center }, fittedOn);
    }

    private static bool IsShaped(SafetensorsFile file) =>
        file.Entries.TryGetValue(MeanName, out SafetensorsEntry? mean) && mean is { Dtype: ScalarType.Float32, Shape.Count: 1 }
        && file.Entries.TryGetValue(ComponentsName, out SafetensorsEntry? components)
        && components is { Dtype: ScalarType.Float32, Shape.Count: 2 }
        && file.Entries.TryGetValue(EigenvaluesName, out SafetensorsEntry? values)
        && values is { Dtype: ScalarType.Float64, Shape.Count: 1 }
        && components.Shape[1] == mean.Shape[0] && components.Shape[0] == values.Shape[0];

    /// <summary>Mean (d) and covariance (d, d), divided by N, in double precision; a piece of the vectors at a time.</summary>
    private static (Tensor Mean, Tensor Covariance) Moments(Tensor vectors, bool center)
    {
        (long count, long width) = (vectors.shape[0], vectors.shape[1]);
        Tensor mean = zeros(width, ScalarType.Float64), covariance = zeros(width, width, ScalarType.Float64);
        if (center)
            ForEachPiece(vectors, piece => mean.add_(piece.sum(dim: 0), Scalars.One));    // a bare 0 would be an element type
        mean.div_(Scalars.Of(count));
        ForEachPiece(vectors, piece =>
        {
            Tensor centred = piece - mean;
            covariance.add_(centred.t().mm(centred), Scalars.One);
        });
        return (mean, covariance.div_(Scalars.Of(count)));
    }

    private static void ForEachPiece(Tensor vectors, Action<Tensor> visit)
    {
        for (long start = 0; start < vectors.shape[0]; start += FitRows)
        {
            using var scope = NewDisposeScope();
            visit(vectors.narrow(0, start, Math.Min(FitRows, vectors.shape[0] - start)).to(ScalarType.Float64));
        }
    }

    /// <summary>Eigenvectors are known up to their sign: the first of the largest entries by magnitude becomes positive.</summary>
    private static Tensor FixSigns(Tensor axes)
    {
        Tensor largest = axes.gather(1, axes.abs().argmax(1, keepdim: true));
        return axes * largest.sign();
    }

    private static void CheckSize(Tensor vectors, int outputWidth)
    {
        (long count, long width) = (vectors.shape[0], vectors.shape[1]);
        if (outputWidth > width)
            throw new InvalidInputException($"A PCA projection can't widen: features {width} wide were to be projected to {outputWidth}.");
        if (count < outputWidth)
            throw new InvalidInputException($"A PCA projection to width {outputWidth} needs at least as many vectors, got {count}.");
    }

    private static void CheckRank(Tensor values, int outputWidth, long count)
    {
        double smallest = values[-1].ToDouble() * values.shape[0] * RelativeRounding;
        long rank = values.gt(Scalars.Of(smallest)).sum().ToInt64();
        if (rank < outputWidth)
        {
            throw new InvalidInputException($"A PCA projection to width {outputWidth} needs training features that vary in as many " +
                $"directions; these {count} vectors vary in {rank}.");
        }
    }

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        mean.Dispose();
        components.Dispose();
        eigenvalues.Dispose();
    }
}
