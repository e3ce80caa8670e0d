using TorchSharp;
using static TorchSharp.torch;

namespace VLPeft;

/// <summary>
/// Numbers as TorchSharp's operations take them, kept alive while libtorch reads them. A <see cref="Scalar"/> that is made by an implicit
/// conversion, or inside TorchSharp for the α of <c>a + b</c>, is garbage as soon as its handle was read: a collection that another thread
/// starts then frees it under the running operation, which ends with "Expected false to be true" from Scalar.h or computes with another number
/// (TorchSharp 0.107; seen once in some hundred thousand steps of a busy machine). <c>BannedSymbols.txt</c> lists what must not be called therefore.
/// </summary>
public static class Scalars
{
    private const int Kept = 32;

    [ThreadStatic]
    private static Scalar[]? _latest;

    [ThreadStatic]
    private static int _next;

    /// <summary>1, the factor of the second term of a sum.</summary>
    public static Scalar One { get; } = Make(1L);

    /// <summary>A floating-point number, for an operation of this thread that is called at once.</summary>
    public static Scalar Of(double value) => Keep(Make(value));

    /// <summary>A whole number, for an operation of this thread that is called at once.</summary>
    public static Scalar Of(long value) => Keep(Make(value));

    /// <summary>a + b.</summary>
    public static Tensor Plus(this Tensor a, Tensor b) => a.add(b, One);

    /// <summary>x + number.</summary>
    public static Tensor Plus(this Tensor x, double number) => x.add(Of(number), One);

    /// <summary>x + number; whole numbers stay whole.</summary>
    public static Tensor Plus(this Tensor x, long number) => x.add(Of(number), One);

    /// <summary>x · number.</summary>
    public static Tensor Times(this Tensor x, double number) => x.mul(Of(number));

    // An operation has long returned when as many others of its thread were called.
    private static Scalar Keep(Scalar scalar)
    {
        Scalar[] latest = _latest ??= new Scalar[Kept];
        _next = (_next + 1) % Kept;
        return latest[_next] = scalar;
    }

#pragma warning disable RS0030 // here they are made to be kept
    private static Scalar Make(double value) => value.ToScalar();

    private static Scalar Make(long value) => value.ToScalar();
#pragma warning restore RS0030
}
