using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>
/// A method that is no low-rank bottleneck, such as (IA)³: what it adds to each module that it is attached to. A record, whose properties are what a
/// saved adapter keeps of it; its name is registered in <see cref="KnownUnits"/>.
/// </summary>
public interface IPeftUnitKind
{
    /// <summary>The name in audits and saved adapters.</summary>
    string Name { get; }

    /// <summary>Checks its settings.</summary>
    /// <exception cref="InvalidInputException">One is out of range; the message names it.</exception>
    void Validate() { }

    /// <summary>Starts one injection: what comes back makes the unit of a module, and units that it makes may share parameters.</summary>
    /// <returns>From a module's full name and the module to its unit; throws <see cref="InvalidInputException"/> for a module that it can't do.</returns>
    Func<string, nn.Module, PeftUnit> Begin();
}

/// <summary>Where units of a kind go.</summary>
/// <param name="Pattern">The modules' names; it must match.</param>
/// <param name="Kind">What they are.</param>
public sealed record UnitSite(ModulePattern Pattern, IPeftUnitKind Kind);
