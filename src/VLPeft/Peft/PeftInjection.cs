using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Models;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>Finds the modules a plan means and makes their bottlenecks; nothing of the backbone is changed here.</summary>
internal sealed class PeftInjection(nn.Module backbone, PeftPlan plan, RoutingFeature? feature)
{
    private readonly List<(string Name, nn.Module Module)> _modules = [.. backbone.named_modules()];
    private readonly Dictionary<string, LowRankBottleneck> _shared = [];

    public List<AttachedBottleneck> Attach()
    {
        foreach (BottleneckOptions options in plan.Sites.Select(plan.BottleneckOf).Prepend(plan.Bottleneck).Distinct())
        {
            options.Validate();
            if (options.IsRouted && feature is null)
                throw new InvalidInputException($"routing '{options.Routing.Name}' needs a routing feature, and the model gives none.");
        }
        var attached = new List<AttachedBottleneck>();
        try
        {
            foreach (PeftSite site in plan.Sites)
                attached.AddRange(AttachSite(site));
            RequireOneEach(attached);
        }
        catch
        {
            foreach (LowRankBottleneck made in _shared.Values)
                made.Dispose(); // its parameters outlive dispose scopes
            throw;
        }
        return attached;
    }

    /// <summary>The units of the plan; call it before anything is hooked.</summary>
    public List<AttachedUnit> AttachUnits()
    {
        var attached = new List<AttachedUnit>();
        try
        {
            foreach (UnitSite site in plan.Units)
            {
                site.Kind.Validate();
                Func<string, nn.Module, PeftUnit> unitOf = site.Kind.Begin();
                foreach ((string name, nn.Module module) in Matches(site.Pattern))
                    attached.Add(new AttachedUnit(name, module, site.Kind, unitOf(name, module)));
            }
            if (attached.Where(one => one.Unit is PromptVectors).Skip(1).FirstOrDefault() is { } second)
                throw new InvalidInputException($"'{second.ModuleName}' would get a second prompt; a model has one.");
            foreach (AttachedUnit[] twice in attached.GroupBy(one => one.Target).Where(group => group.Count() > 1).Select(group => group.ToArray()))
                throw new InvalidInputException($"module '{twice[0].ModuleName}' is matched by two patterns of the plan; it would get {twice[0].Unit.Description} and {twice[1].Unit.Description}.");
        }
        catch
        {
            attached.ForEach(one => one.Unit.Dispose());
            throw;
        }
        return attached;
    }

    private static void RequireOneEach(List<AttachedBottleneck> attached)
    {
        foreach (AttachedBottleneck[] twice in attached.GroupBy(one => one.Target).Where(group => group.Count() > 1).Select(group => group.ToArray()))
            throw new InvalidInputException(twice[0].ModuleName == twice[1].ModuleName
                ? $"module '{twice[0].ModuleName}' is matched by two patterns of the plan; it would get two bottlenecks."
                : $"'{twice[0].ModuleName}' and '{twice[1].ModuleName}' are one module under two names, and two patterns of the plan match it; it would get two bottlenecks.");
    }

    public HashSet<string> AlsoTrained()
    {
        var all = backbone.named_parameters().ToList();
        var chosen = new HashSet<string>();
        foreach (ModulePattern pattern in plan.AlsoTrain)
        {
            var matched = all.Where(one => pattern.Matches(one.name)).Select(one => one.name).ToList();
            if (matched.Count == 0)
                throw new InvalidInputException($"no parameter matches '{pattern}', which is to be trained; there are {Examples(all.Select(one => one.name))}.");
            chosen.UnionWith(matched);
        }
        return chosen;
    }

    private IEnumerable<AttachedBottleneck> AttachSite(PeftSite site) => Matches(site.Pattern).Select(match => AttachModule(site, match.Name, match.Module));

    // A module that stands under several names has one forward, so it is meant once, under the first name.
    private List<(string Name, nn.Module Module)> Matches(ModulePattern pattern)
    {
        var matches = _modules.Where(one => pattern.Matches(one.Name)).ToList();
        if (matches.Count == 0)
            throw new InvalidInputException($"no module matches '{pattern}'; there are {Examples(_modules.Where(one => HasWeight(one.Module)).Select(one => one.Name))}.");
        return [.. matches.DistinctBy(match => match.Module)];
    }

    private AttachedBottleneck AttachModule(PeftSite site, string name, nn.Module module)
    {
        if (module is not nn.Module<Tensor, Tensor> target)
            throw new InvalidInputException($"module '{name}' is a {module.GetType().Name}; a bottleneck needs a module from one tensor to one tensor.");
        (long input, long output) = Widths(site, name, module);
        if (site.Attach == Attachment.Before)
            output = input;
        long width = site.Attach == Attachment.Parallel ? input : output;
        if (plan.BottleneckOf(site).IsRouted && feature?.Width is { } declared && declared != width)
            throw new InvalidInputException($"module '{name}' has {width}-wide hidden states and the routing feature is {declared} wide; "
                + "name a projection (linear or pca) in the recipe, or leave the module out of the targets.");
        string owner = site.ShareAs is null ? name : site.Pattern.Replace(name, site.ShareAs);
        return new AttachedBottleneck(name, target, site.Attach, owner, BottleneckFor(owner, width, output, site, name, module), feature);
    }

    private LowRankBottleneck BottleneckFor(string owner, long width, long output, PeftSite site, string name, nn.Module module)
    {
        if (_shared.TryGetValue(owner, out LowRankBottleneck? made))
        {
            if (made.Width != width || made.OutputWidth != output)
                throw new InvalidInputException($"module '{name}' shares the bottleneck '{owner}', which is {made.Width} → {made.OutputWidth} wide, but needs {width} → {output}.");
            if (made.Options != plan.BottleneckOf(site))
                throw new InvalidInputException($"module '{name}' shares the bottleneck '{owner}', but its site asks for another rank, scale or routing.");
            return made;
        }
        return _shared[owner] = Beside(module, new LowRankBottleneck(width, output, plan.BottleneckOf(site), site.Blocks));
    }

    // On the module's device. In fp32 above weights of less: small updates would be lost in them.
    private static LowRankBottleneck Beside(nn.Module module, LowRankBottleneck bottleneck)
    {
        if (module.parameters().FirstOrDefault() is not { } weight)
            return bottleneck;
        ScalarType type = weight.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;
        return weight.device_type == DeviceType.CPU && type == ScalarType.Float32 ? bottleneck : bottleneck.to(weight.device, type);
    }

    private static (long Input, long Output) Widths(PeftSite site, string name, nn.Module module)
    {
        if (site.Width is { } width)
            return (width, width);
        foreach ((string parameterName, Parameter parameter) in module.named_parameters(recurse: false))
            if (parameterName == "weight" && parameter.dim() == 2 && module is not Embedding)
                return module is Conv1D ? (parameter.size(0), parameter.size(1)) : (parameter.size(1), parameter.size(0));
        throw new InvalidInputException($"module '{name}' ({module.GetType().Name}) has no weight (out, in) to read its width from; name the width in its site.");
    }

    private static bool HasWeight(nn.Module module) =>
        module is nn.Module<Tensor, Tensor> and not Embedding && module.named_parameters(recurse: false).Any(one => one.name == "weight" && one.parameter.dim() == 2);

    private static string Examples(IEnumerable<string> names)
    {
        string[] all = [.. names];
        return all.Length == 0 ? "none" : $"{string.Join(", ", all.Take(8))}{(all.Length > 8 ? $" and {all.Length - 8} more" : "")}";
    }
}
