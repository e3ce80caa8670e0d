using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VLPeft.Tests.Peft;

/// <summary>A user's own model: two blocks of query, value and a norm, d = 8.</summary>
internal sealed class Toy : nn.Module<Tensor, Tensor>
{
    private readonly ModuleList<Block> layer = new(new Block(), new Block());

    public Toy() : base(nameof(Toy)) => RegisterComponents();

    public override Tensor forward(Tensor x)
    {
        foreach (Block block in layer)
            x = block.call(x);
        return x;
    }

    internal sealed class Block : nn.Module<Tensor, Tensor>
    {
        private readonly Linear query = nn.Linear(8, 8), value = nn.Linear(8, 8);
        private readonly LayerNorm norm = nn.LayerNorm(8);
        private readonly Pair pair = new();

        public Block() : base(nameof(Block)) => RegisterComponents();

        public override Tensor forward(Tensor x) => norm.call(x.Plus(pair.call(query.call(x), value.call(x))));
    }

    internal sealed class Pair() : nn.Module<Tensor, Tensor, Tensor>(nameof(Pair))
    {
        public override Tensor forward(Tensor a, Tensor b) => a * b.sigmoid();
    }
}
