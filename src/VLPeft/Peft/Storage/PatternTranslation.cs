using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>Makes the patterns of a saved adapter mean in this backbone what they meant in the model that it was saved from.</summary>
/// <param name="backbone">Whose modules are meant.</param>
/// <param name="original">A name of this backbone as the saved patterns know it; null for what that model did not have.</param>
/// <param name="local">The way back.</param>
internal sealed class PatternTranslation(nn.Module backbone, Func<string, string?> original, Func<string, string?> local)
{
    private readonly string[] _modules = [.. backbone.named_modules().Select(one => one.name).Where(name => name.Length > 0)];
    private readonly string[] _parameters = [.. backbone.named_parameters().Select(one => one.name)];

    /// <summary>The modules that a pattern means, each with its name in this backbone and in the file.</summary>
    public (string Local, string Original)[] ModulesOf(ModulePattern pattern) => [.. Meant(pattern, _modules).Select(name => (name, original(name)!))];

    /// <summary>The biases of the modules that a pattern means, where they have any.</summary>
    public string[] BiasesOf(ModulePattern pattern) => [.. Meant(pattern, _modules).Select(name => $"{name}.bias").Intersect(_parameters)];

    /// <summary>A pattern over module names.</summary>
    public ModulePattern OfModules(ModulePattern pattern) => Translated(pattern, _modules);

    /// <summary>A pattern over parameter names.</summary>
    public ModulePattern OfParameters(ModulePattern pattern) => Translated(pattern, _parameters);

    /// <summary>Whether a pattern over parameter names means any.</summary>
    public bool MeansParameters(ModulePattern pattern) => Meant(pattern, _parameters).Length > 0;

    public PeftPlan Of(PeftPlan plan) => plan with
    {
        Sites = [.. plan.Sites.SelectMany(Of)],
        Units = [.. plan.Units.Select(one => one with { Pattern = OfModules(one.Pattern) })],
        AlsoTrain = [.. plan.AlsoTrain.Select(OfParameters)],
    };

    private IEnumerable<PeftSite> Of(PeftSite site)
    {
        string[] meant = Meant(site.Pattern, _modules);
        bool same = meant.Length == 0 || meant.SequenceEqual(_modules.Where(site.Pattern.Matches));
        if (site.ShareAs is null)
            return [same ? site : site with { Pattern = Exactly(meant) }];
        if (same && meant.All(name => original(name) == name))
            return [site];
        return meant.GroupBy(name => site.Pattern.Replace(original(name)!, site.ShareAs)).Select(shared => site with
        {
            Pattern = Exactly(shared), ShareAs = (local(shared.Key) ?? shared.Key).Replace("$", "$$", StringComparison.Ordinal),
        });
    }

    private ModulePattern Translated(ModulePattern pattern, string[] names)
    {
        string[] meant = Meant(pattern, names);
        return meant.Length == 0 || meant.SequenceEqual(names.Where(pattern.Matches)) ? pattern : Exactly(meant);
    }

    private string[] Meant(ModulePattern pattern, string[] names) => [.. names.Where(name => original(name) is { } there && pattern.Matches(there))];

    /// <summary>These names and no others.</summary>
    public static ModulePattern Exactly(IEnumerable<string> names) => ModulePattern.FullMatch(string.Join('|', names.Select(Regex.Escape)));
}
