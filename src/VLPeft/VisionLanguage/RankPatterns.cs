using System.Collections.Immutable;
using System.Text.RegularExpressions;
using VLPeft.Peft;
using VLPeft.Recipes;
using static TorchSharp.torch;

namespace VLPeft.VisionLanguage;

/// <summary>Gives modules of a LoRA's or DoRA's plan the rank and alpha that a recipe's patterns name for them.</summary>
internal static class RankPatterns
{
    /// <exception cref="InvalidInputException">A pattern means no module of the plan.</exception>
    public static PeftPlan Apply(PeftSection section, nn.Module backbone, PeftPlan plan)
    {
        if (section.RankPatterns.Count == 0)
            return plan;
        string[] modules = [.. backbone.named_modules().Select(one => one.name)];
        var used = new HashSet<RankPatternSection>();
        PeftPlan applied = plan with
        {
            Sites = [.. plan.Sites.SelectMany(site => Split(site, site.Pattern, (own, pattern) => own with { Pattern = pattern }, (own, rank, scale) =>
                own with { Bottleneck = plan.BottleneckOf(own) with { Rank = rank, Scale = scale } }))],
            Units = [.. plan.Units.SelectMany(site => Split(site, site.Pattern, (own, pattern) => own with { Pattern = pattern }, (own, rank, scale) =>
                own with { Kind = (DoraKind)own.Kind with { Rank = rank, Scale = scale } }))],
        };
        foreach (RankPatternSection pattern in section.RankPatterns.Where(one => !used.Contains(one)))
            throw new InvalidInputException($"peft.rank-patterns: '{pattern.Pattern}' is the first to match none of the modules that the method is put on "
                + $"({string.Join(", ", modules.Where(name => plan.Sites.Any(site => site.Pattern.Matches(name)) || plan.Units.Any(site => site.Pattern.Matches(name))).Take(4))}…).");
        return applied;

        IEnumerable<T> Split<T>(T site, ModulePattern pattern, Func<T, ModulePattern, T> at, Func<T, long, double, T> with) =>
            modules.Where(pattern.Matches)
                .GroupBy(name => section.RankPatterns.FirstOrDefault(one => Matches(one.Pattern, name)))
                .OrderBy(group => group.Key is null ? -1 : section.RankPatterns.ToList().IndexOf(group.Key))
                .Select(group => Changed(at(site, ModulePattern.FullMatch(string.Join('|', group.Select(Regex.Escape)))), group.Key, with));

        T Changed<T>(T site, RankPatternSection? pattern, Func<T, long, double, T> with)
        {
            if (pattern is null)
                return site;
            used.Add(pattern);
            long rank = pattern.Rank ?? section.Rank;
            return with(site, rank, section.Scaling.Of(pattern.Alpha ?? section.Alpha ?? rank, rank));
        }
    }

    // As Hugging Face PEFT matches them.
    private static bool Matches(string pattern, string name) => ModulePattern.FullMatch($@"(?:.*\.)?(?:{pattern})").Matches(name);
}
