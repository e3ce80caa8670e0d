using TorchSharp;
using VLPeft.VisionLanguage;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.VisionLanguage;

public sealed class CaptionLossTests
{
    private const long End = 4;

    // Prefix of two; log-probabilities that name position and token, so that each label's share can be added up by hand.
    [Theory]
    [InlineData(CaptionLossKind.FromPrefix, "1:3 2:0 3:4 1:4")]
    [InlineData(CaptionLossKind.Reference, "3:4 4:4 2:4 3:4 4:4")]
    public void Which_labels_count(CaptionLossKind kind, string counted)
    {
        using var scope = NewDisposeScope();
        Tensor ids = tensor(new long[,] { { 3, 0, End, End }, { End, End, End, End } });
        Tensor logits = arange(Scalars.Of(2 * 6 * 5), ScalarType.Float32).mul(Scalars.Of(0.37)).sin().reshape(2, 6, 5);
        Tensor scores = logits.log_softmax(-1);
        string[] labels = counted.Split(' ');
        int firstRow = kind == CaptionLossKind.FromPrefix ? 3 : 2;
        double expected = -labels.Select((label, i) => scores[i < firstRow ? 0 : 1, int.Parse(label[..1]), int.Parse(label[2..])].ToDouble()).Average();
        Assert.Equal(expected, CaptionLoss.Of(logits, ids, End, kind).ToDouble(), 1e-6);
    }

    [Fact]
    public void Shapes_that_do_not_belong_together_are_refused()
    {
        using var scope = NewDisposeScope();
        Tensor ids = zeros(2, 3, ScalarType.Int64);
        Assert.Throws<ArgumentException>(() => CaptionLoss.Of(zeros(2, 3, 5), ids, End));
        Assert.Throws<ArgumentException>(() => CaptionLoss.Of(zeros(1, 4, 5), ids, End));
        Assert.Throws<ArgumentException>(() => CaptionLoss.Of(zeros(2, 4), ids, End));
        Assert.Throws<ArgumentException>(() => CaptionLoss.Of(zeros(2, 2, 5), zeros(2, 1, ScalarType.Int64), End, CaptionLossKind.Reference));
    }
}
