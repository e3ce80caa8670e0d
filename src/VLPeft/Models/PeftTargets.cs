using System.Collections.Immutable;
using VLPeft.Peft;

namespace VLPeft.Models;

/// <summary>Where the paper puts its bottlenecks in a backbone, and what trains beside them.</summary>
/// <param name="Lora">The linear layers that carry a LoRA: query and value.</param>
/// <param name="Adapter">The modules whose output goes through an adapter: the projections behind attention and feed-forward.</param>
/// <param name="LayerNorms">The parameters of the layers' LayerNorms; those of the embeddings stay frozen.</param>
public sealed record PeftTargets(IReadOnlyList<string> Lora, IReadOnlyList<string> Adapter, ModulePattern LayerNorms)
{
    /// <summary>Where the other methods act; null when the backbone does not say.</summary>
    public RivalTargets? Rivals { get; init; }
}

/// <summary>Where methods without a low-rank bottleneck act in a backbone; regular expressions over whole names.</summary>
/// <param name="Biases">The parameters that BitFit trains: all biases that every forward reads; null when the backbone has none.</param>
/// <param name="KeysAndValues">The modules whose outputs (IA)³ scales: the projections to keys and values.</param>
/// <param name="FeedForward">The modules whose inputs (IA)³ scales: the second layers of the feed-forward blocks.</param>
/// <param name="Attentions">The attentions, whose keys and values prefix tuning extends.</param>
/// <param name="Words">The word embedding, beside which prompt tuning has its vectors.</param>
public sealed record RivalTargets(string? Biases, string KeysAndValues, string FeedForward, string Attentions, string Words)
{
    /// <summary>When <see cref="KeysAndValues"/> are fused projections: which of their equal blocks are keys and values.</summary>
    public ImmutableArray<bool>? Blocks { get; init; }
}
