using VLPeft.Peft;

namespace VLPeft.Models;

/// <summary>Where the paper puts its bottlenecks in a backbone, and what trains beside them.</summary>
/// <param name="Lora">The linear layers that carry a LoRA: query and value.</param>
/// <param name="Adapter">The modules whose output goes through an adapter: the projections behind attention and feed-forward.</param>
/// <param name="LayerNorms">The parameters of the layers' LayerNorms; those of the embeddings stay frozen.</param>
public sealed record PeftTargets(IReadOnlyList<string> Lora, IReadOnlyList<string> Adapter, ModulePattern LayerNorms);
