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
        plan.Bottleneck.Validate();
        if (plan.Bottleneck.IsRouted && feature is null)
            throw new InvalidInputException($"routing '{plan.Bottleneck.Routing.Name}' needs a routing feature, and the model gives none.");
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

    private List<AttachedBottleneck> AttachSite(PeftSite site)
    {
        var matches = _modules.Where(one => site.Pattern.Matches(one.Name)).ToList();
        if (matches.Count == 0)
            throw new InvalidInputException($"no module matches '{site.Pattern}'; there are {Examples(_modules.Where(one => HasWeight(one.Module)).Select(one => one.Name))}.");
        // A module that stands under several names has one forward, so it gets one bottleneck, under the first name.
        return [.. matches.DistinctBy(match => match.Module).Select(match => AttachModule(site, match.Name, match.Module))];
    }

    private AttachedBottleneck AttachModule(PeftSite site, string name, nn.Module module)
    {
        if (module is not nn.Module<Tensor, Tensor> target)
            throw new InvalidInputException($"module '{name}' is a {module.GetType().Name}; a bottleneck needs a module from one tensor to one tensor.");
        (long input, long output) = Widths(site, name, module);
        if (site.Attach == Attachment.Before)
            output = input;
        long width = site.Attach == Attachment.Parallel ? input : output;
        if (plan.Bottleneck.IsRouted && feature?.Width is { } declared && declared != width)
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
            return made;
        }
        return _shared[owner] = Beside(module, new LowRankBottleneck(width, output, plan.Bottleneck, site.Blocks));
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
