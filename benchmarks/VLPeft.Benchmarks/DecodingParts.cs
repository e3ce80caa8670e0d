using TorchSharp;
using VLPeft.Generation;
using VLPeft.Models;
using static TorchSharp.torch;

namespace VLPeft.Benchmarks;

/// <summary>What one step of beam search takes at GPT2-medium's size, part by part: 40 rows, 20 positions cached, 50,257 words, fp32.</summary>
internal static class DecodingParts
{
    private const int Rows = 40, Beams = 5, Positions = 21, Layers = 24;
    private const long Width = 1024, Vocabulary = 50257, Heads = 16;

    public static void Run()
    {
        random.manual_seed(1);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor x = randn(Rows, Width), wide = randn(Rows, 4 * Width), table = randn(Vocabulary, Width), logits = randn(Rows, Vocabulary);
        Tensor fused = randn(Width, 3 * Width), square = randn(Width, Width), up = randn(Width, 4 * Width), down = randn(4 * Width, Width);
        Tensor upT = up.t().contiguous();
        var top = new TopScores(2 * Beams);
        using var cache = new KeyValueCache(Layers, Rows, Positions, Width);
        for (int layer = 0; layer < Layers; layer++)
            cache.Append(layer, randn(Rows, Positions - 1, Width), randn(Rows, Positions - 1, Width));
        cache.Advance(Positions - 1);
        (Tensor keys, Tensor values) = cache.Read(0);
        // Of each image's five beams the first two branch, as two and three.
        Tensor parents = tensor([.. Enumerable.Range(0, Rows).Select(row => (long)(row / Beams * Beams) + (row % Beams % 2))]);
        Tensor query = randn(Rows, 1, Width);
        Interleaved.Print(Interleaved.Measure(
        [
            ("products of a layer", Scoped(() =>
            {
                nn.functional.linear(x, fused.t());
                nn.functional.linear(x, square.t());
                nn.functional.linear(x, up.t());
                nn.functional.linear(wide, down.t());
            })),
            ("feed-forward up, stored (in, out)", Scoped(() => nn.functional.linear(x, up.t()))),
            ("feed-forward up, stored (out, in)", Scoped(() => nn.functional.linear(x, upT))),
            ("attention of a layer", Scoped(() => Attention.Attend(query, keys, values, Heads, null, 0))),
            ("attention 12 keys", Scoped(() => Attention.Attend(query, keys.narrow(1,0,12), values.narrow(1,0,12), Heads, null, 0))),
            ("gelu", Scoped(() => HiddenActivation.GeluTanh.Apply(wide))),
            ("layer norm", Scoped(() => nn.functional.layer_norm(x, [Width]))),
            ("language-model head", Scoped(() => nn.functional.linear(x, table))),
            ("log-softmax", Scoped(() => logits.log_softmax(-1))),
            ("ten best of each row", () =>
            {
                for (int row = 0; row < Rows; row++)
                    top.Find(DecoderRows.Row(logits, row));
            }),
            ("ten best of each row, torch.topk", Scoped(() => logits.topk(2 * Beams))),
            ("cache reorder, all layers", () => cache.Reorder(parents)),
        ], steps: 5, rounds: 7));
    }

    private static Action Scoped(Action action) => () =>
    {
        using var scope = NewDisposeScope();
        action();
    };
}
