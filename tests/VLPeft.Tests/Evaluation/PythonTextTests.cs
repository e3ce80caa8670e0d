using System.Numerics;
using CsCheck;
using VLPeft.Evaluation;
using Xunit;

namespace VLPeft.Tests.Evaluation;

public sealed class PythonTextTests
{
    [Theory]
    [InlineData(15.625, 15.63, 15.62)]
    [InlineData(0.375, 0.38, 0.38)]
    [InlineData(0.125, 0.13, 0.12)]
    [InlineData(2.675, 2.67, 2.67)]
    [InlineData(1.005, 1.0, 1.0)]
    [InlineData(1.115, 1.11, 1.11)]
    [InlineData(74.13793103448278, 74.14, 74.14)]
    [InlineData(0, 0, 0)]
    [InlineData(100, 100, 100)]
    public void Rounding_is_Pythons(double value, double two, double three)
    {
        Assert.Equal(two, PythonText.RoundTo2(value, Python.Two));
        Assert.Equal(three, PythonText.RoundTo2(value, Python.Three));
    }

    /// <summary>Against exact whole-number arithmetic on the binary value.</summary>
    [Fact]
    public void Rounding_is_exact() => Gen
        .OneOf(Gen.Double[0, 100], Gen.Int[0, 10000].Select(i => (i + 0.5) / 100), Gen.Int[0, 3200].Select(i => i / 32.0))
        .Sample(value =>
        {
            // value = numerator / 2^1074
            long bits = BitConverter.DoubleToInt64Bits(value);
            int exponent = (int)(bits >> 52);
            BigInteger mantissa = (bits & ((1L << 52) - 1)) | (exponent > 0 ? 1L << 52 : 0);
            BigInteger scaled = (mantissa << Math.Max(exponent - 1, 0)) * 100;
            BigInteger below = scaled >> 1074;
            int half = ((scaled - (below << 1074)) << 1).CompareTo(BigInteger.One << 1074);
            Assert.Equal((double)(half >= 0 ? below + 1 : below) / 100, PythonText.RoundTo2(value, Python.Two));
            Assert.Equal((double)(half > 0 || (half == 0 && !below.IsEven) ? below + 1 : below) / 100,
                PythonText.RoundTo2(value, Python.Three));
        });

    [Fact]
    public void White_space_and_case_are_Pythons()
    {
        Assert.Equal("x", PythonText.Strip("\u180E\u001F\u3000x\u0085", Python.Two));
        Assert.Equal("\u180E\u001F\u3000x", PythonText.Strip("\u180E\u001F\u3000x\u0085", Python.Three));
        Assert.Equal("\u200Bx", PythonText.Strip("\u200Bx", Python.Two));
        Assert.Equal("", PythonText.Strip(" \t", Python.Two));
        Assert.Equal("iéß", PythonText.Lower("\u0130Éß", Python.Two));
        Assert.Equal("i\u0307", PythonText.Lower("\u0130", Python.Three));
    }
}
