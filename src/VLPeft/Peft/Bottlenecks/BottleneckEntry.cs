using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>The lower half of a bottleneck: x_H (B, T, d) and x_R (B, V, d) in, the routed activation (B, T, r) out.</summary>
public abstract class BottleneckEntry : nn.Module<Tensor, Tensor?, Tensor>
{
    /// <summary>Names the module for error messages.</summary>
    protected BottleneckEntry(string name) : base(name) { }

    /// <summary>x W, in the precision of x: trained weights stay in fp32 above a backbone in bf16.</summary>
    protected static Tensor Project(Tensor x, Parameter weight, Parameter? bias = null) => Linear.Apply(x, weight, bias);

    /// <summary>A weight (rows, columns) that starts like a fresh linear layer's: Kaiming uniform with a = √5.</summary>
    protected static Parameter Weight(long rows, long columns) => Linear.FreshWeight(rows, columns);

    /// <summary>Linear algebra that entries and bottlenecks share.</summary>
    internal static class Linear
    {
        public static Tensor Apply(Tensor x, Tensor weight, Tensor? bias) =>
            nn.functional.linear(x, Cast(weight, x), bias is null ? null : Cast(bias, x));

        public static Parameter FreshWeight(long rows, long columns)
        {
            Parameter weight = Layers.Bare(empty(rows, columns));
            nn.init.kaiming_uniform_(weight, Math.Sqrt(5));
            return weight;
        }

        public static Parameter FreshBias(long size, long fanIn)
        {
            double bound = 1 / Math.Sqrt(fanIn);
            Parameter bias = Layers.Bare(empty(size));
            nn.init.uniform_(bias, -bound, bound);
            return bias;
        }

        private static Tensor Cast(Tensor weight, Tensor like) => weight.dtype == like.dtype ? weight : weight.to(like.dtype);
    }
}
