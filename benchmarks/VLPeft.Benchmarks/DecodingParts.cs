using TorchSharp;
using VLPeft.Generation;
using VLPeft.Models;
using VLPeft.Models.Gpt2;
using static TorchSharp.torch;

namespace VLPeft.Benchmarks;

/// <summary>What one step of beam search takes at GPT2-medium's size, part by part: 40 rows, 20 positions cached, 50,257 words, fp32.</summary>
internal static class DecodingParts
{
    private const int Rows = 40, Beams = 5, Positions = 21, Layers = 24, Steps = 5, Rounds = 7;
    private const long Width = 1024, Vocabulary = 50257, Heads = 16;

    public static void Run()
    {
        random.manual_seed(1);
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor x = randn(Rows, Width), wide = randn(Rows, 4 * Width), table = randn(Vocabulary, Width), logits = randn(Rows, Vocabulary);
        Tensor fused = randn(Width, 3 * Width), square = randn(Width, Width), up = randn(Width, 4 * Width), down = randn(4 * Width, Width);
        Tensor low = randn(2 * CaptionDecoding.Rank, Width), high = randn(Width, CaptionDecoding.Rank), narrow = randn(Rows, CaptionDecoding.Rank);
        Tensor half = randn(Rows, 1, Width), raw = randn(Rows, 1, 3 * Width);
        var top = new TopScores(2 * Beams);
        using var cache = new KeyValueCache(Layers, Rows, Positions, Width);
        for (int layer = 0; layer < Layers; layer++)
            cache.Append(layer, randn(Rows, Positions - 1, Width), randn(Rows, Positions - 1, Width));
        cache.Advance(Positions - 1);
        (Tensor keys, Tensor values) = cache.Read(0);
        // Of each image's five beams the first two branch, as two and three.
        Tensor parents = tensor([.. Enumerable.Range(0, Rows).Select(row => (long)(row / Beams * Beams) + (row % Beams % 2))]);
        using var growing = new KeyValueCache(Layers, Rows, Steps * (Rounds + 1), Width);
        using var head = new Gpt2Model(CaptionDecoding.Medium with { Layers = 1 });
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
            ("LoRA r = 128 on query and value: down", Scoped(() => nn.functional.linear(x, low))),
            ("LoRA: up, both halves", Scoped(() =>
            {
                nn.functional.linear(narrow, high);
                nn.functional.linear(narrow, high);
            })),
            ("LoRA: halves put beside zeros, added", Scoped(() => raw.add(cat([half, zeros_like(half), half], -1)))),
            ("attention of a layer", Scoped(() => Attention.Attend(query, keys, values, Heads, null, 0))),
            ("gelu", Scoped(() => HiddenActivation.GeluTanh.Apply(wide))),
            ("layer norm", Scoped(() => nn.functional.layer_norm(x, [Width]))),
            ("language-model head, one product", Scoped(() => nn.functional.linear(x, table))),
            ("language-model head", Scoped(() => head.Logits(x))),
            ("log-softmax", Scoped(() => logits.log_softmax(-1))),
            ("ten best of each row", () =>
            {
                for (int row = 0; row < Rows; row++)
                    top.Find(DecoderRows.Row(logits, row));
            }),
            ("ten best of each row, torch.topk", Scoped(() => logits.topk(2 * Beams))),
            ("cache, all layers: one position more, rows reordered", Scoped(() =>
            {
                for (int layer = 0; layer < Layers; layer++)
                    growing.Append(layer, query, query);
                growing.Advance(1);
                growing.Reorder(parents);
            })),
        ], Steps, Rounds));
    }

    private static Action Scoped(Action action) => () =>
    {
        using var scope = NewDisposeScope();
        action();
    };
}
