namespace VLPeft.Peft;

/// <summary>How a bottleneck f meets the module y = module(x) it is attached to.</summary>
public enum Attachment
{
    /// <summary>y + f(x): LoRA.</summary>
    Parallel,

    /// <summary>f(y): an Adapter that is not residual.</summary>
    Serial,

    /// <summary>y + f(y): a residual Adapter.</summary>
    SerialResidual,

    /// <summary>module(x + f(x)): a residual Adapter on the module's input.</summary>
    Before,
}
