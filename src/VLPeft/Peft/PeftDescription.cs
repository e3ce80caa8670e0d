using System.Text;

namespace VLPeft.Peft;

/// <summary>One line of the audit: a module with a bottleneck.</summary>
/// <param name="Module">The module's full name.</param>
/// <param name="Attachment">Parallel, Serial, SerialResidual.</param>
/// <param name="Kind">shared-down, or an ablation's.</param>
/// <param name="Rank">r.</param>
/// <param name="Scale">alpha / r, or 1.</param>
/// <param name="Routing">The routing function; <c>none</c> when plain.</param>
/// <param name="Routed">Whether the image reaches this bottleneck.</param>
/// <param name="Parameters">How many parameters it has; 0 when it shares one that was counted before.</param>
public sealed record PeftSiteDescription(
    string Module, string Attachment, string Kind, long Rank, double Scale, string Routing, bool Routed, long Parameters);

/// <summary>One line of the audit: a module with a unit of a method that has no bottleneck.</summary>
/// <param name="Module">The module's full name.</param>
/// <param name="What">What it is made of.</param>
/// <param name="Parameters">How many parameters it has; those that it shares count where they come first.</param>
public sealed record UnitDescription(string Module, string What, long Parameters);

/// <summary>One line of the audit: a parameter of the backbone itself that trains.</summary>
/// <param name="Name">Its full name.</param>
/// <param name="Parameters">How many numbers it has.</param>
public sealed record TrainedParameterDescription(string Name, long Parameters);

/// <summary>What an injection did: printed by every run and by <c>vlpeft inspect</c>.</summary>
/// <param name="Sites">Every module with a bottleneck.</param>
/// <param name="AlsoTrained">The backbone's own parameters that train, with their sizes.</param>
/// <param name="BottleneckParameters">Sum over the bottlenecks.</param>
/// <param name="AlsoTrainedParameters">Sum over the backbone's own.</param>
/// <param name="FrozenParameters">The rest of the backbone.</param>
public sealed record PeftDescription(
    IReadOnlyList<PeftSiteDescription> Sites,
    IReadOnlyList<TrainedParameterDescription> AlsoTrained,
    long BottleneckParameters,
    long AlsoTrainedParameters,
    long FrozenParameters)
{
    /// <summary>Every module with a unit.</summary>
    public IReadOnlyList<UnitDescription> Units { get; init; } = [];

    /// <summary>Sum over the units.</summary>
    public long UnitParameters => Units.Sum(unit => unit.Parameters);

    /// <summary>Bottlenecks, units and the backbone's own.</summary>
    public long TrainableParameters => BottleneckParameters + UnitParameters + AlsoTrainedParameters;

    internal static PeftDescription Of(PeftModel model)
    {
        var counted = new HashSet<string>();
        var sites = model.Attached.Select(one => new PeftSiteDescription(
            one.ModuleName, one.Attachment.ToString(), one.Bottleneck.Options.Kind.Name, one.Bottleneck.Options.Rank, one.Bottleneck.Options.Scale,
            one.Bottleneck.Options.Routing.Name, one.Bottleneck.Options.IsRouted,
            counted.Add(one.Owner) ? one.Bottleneck.Roles.Sum(role => role.Parameter.numel()) : 0)).ToList();
        var also = model.AlsoTrained.Select(one => new TrainedParameterDescription(one.Name, one.Parameter.numel())).ToList();
        long alsoCount = also.Sum(one => one.Parameters);
        long all = model.Backbone.parameters().Sum(parameter => parameter.numel());
        var units = model.Units.Select(one => new UnitDescription(
            one.ModuleName, one.Unit.Description, one.Parameters.Where(parameter => counted.Add(parameter.Name)).Sum(parameter => parameter.Parameter.numel()))).ToList();
        return new(sites, also, sites.Sum(site => site.Parameters), alsoCount, all - alsoCount) { Units = units };
    }

    /// <summary>The audit as plain text; modules that differ in their layer only share a line.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        string units = Units.Count == 0 ? "" : $"units {UnitParameters:N0}, ";
        text.AppendLine($"{Sites.Count} bottlenecks, {Sites.Count(site => site.Routed)} routed; trainable {TrainableParameters:N0} "
            + $"(bottlenecks {BottleneckParameters:N0}, {units}backbone's own {AlsoTrainedParameters:N0}), frozen {FrozenParameters:N0}");
        foreach ((string name, IReadOnlyList<PeftSiteDescription> sites) in LayerGroups.Of(Sites, site => site.Module, site => site with { Module = "" }))
            text.AppendLine($"  {name}: {Alike(sites[0])}, {Times(sites.Count)}{sites[0].Parameters:N0} parameters");
        foreach ((string name, IReadOnlyList<UnitDescription> alike) in LayerGroups.Of(Units, unit => unit.Module, unit => unit with { Module = "" }))
            text.AppendLine($"  {name}: {alike[0].What}, {Times(alike.Count)}{alike[0].Parameters:N0} parameters");
        foreach ((string name, IReadOnlyList<TrainedParameterDescription> all) in LayerGroups.Of(AlsoTrained, one => one.Name, one => one.Parameters))
            text.AppendLine($"  {name}: trained, {Times(all.Count)}{all[0].Parameters:N0}");
        return text.ToString();
    }

    private static string Alike(PeftSiteDescription site) =>
        $"{site.Attachment}, {site.Kind}, r {site.Rank}, scale {site.Scale:0.####}, routing {site.Routing}";

    private static string Times(int count) => count == 1 ? "" : $"{count} × ";
}
