using System.CommandLine;
using VLPeft.Cli.Reports;
using VLPeft.Cli.Reports.Runs;
using VLPeft.Experiments;

namespace VLPeft.Cli.Commands;

/// <summary><c>vlpeft report RUN…</c>: evaluated runs compared on one page.</summary>
internal static class ReportCommand
{
    public static Command Create(CliConsole console)
    {
        Argument<string[]> runs = new("runs") { Description = "Run folders that `vlpeft evaluate` has scored; those that differ in the seed alone are one variant.", Arity = ArgumentArity.OneOrMore };
        Option<string> output = new("--output", "-o") { Description = "The page's file.", DefaultValueFactory = _ => "report.html", HelpName = "file" };
        Option<Split> split = new("--split") { Description = "The split that the runs were evaluated on.", DefaultValueFactory = _ => Split.Test };
        Option<int> pictures = new("--pictures") { Description = "Pictures to show with what each variant said, evenly spread over the split.", DefaultValueFactory = _ => 12 };
        Option<string?> reference = new("--reference") { Description = "The variant that the others are compared with; the one without routing when it is left out.", HelpName = "variant" };
        Option<string?> title = new("--title") { Description = "The page's heading.", HelpName = "text" };
        var command = new Command("report", "Compare evaluated runs on one page that needs nothing beside itself: scores, curves, pictures with what each variant said, settings.")
        {
            runs, output, split, pictures, reference, title,
        };
        command.SetAction(parsed =>
        {
            int shown = parsed.GetValue(pictures);
            if (shown is < 0 or > 1000)
                throw new InvalidInputException($"--pictures: expected 0 to 1000, got {shown}.");
            string[] folders = parsed.GetValue(runs)!;
            var options = new RunReportOptions(parsed.GetValue(split), shown, parsed.GetValue(reference), parsed.GetValue(title), Line(parsed));
            return Run(console, folders, options, parsed.GetValue(output)!);
        });
        return command;
    }

    private static int Run(CliConsole console, string[] folders, RunReportOptions options, string output)
    {
        ReportModel report = RunReport.Of([.. folders.Select(folder => EvaluatedRun.Open(folder, options.Split))], options);
        HtmlReport.Write(output, report);
        foreach (VariantResult variant in report.Variants)
            console.Line($"{variant.Name}: {report.MetricName} {variant.Mean.ToString($"F{report.Decimals}")} ({variant.Seeds.Count} {(variant.Seeds.Count == 1 ? "seed" : "seeds")})");
        console.Line($"report: {output}");
        return ExitCode.Done;
    }

    private static string Line(ParseResult parsed) =>
        string.Join(' ', parsed.Tokens.Select(token => token.Value.Contains(' ') ? $"\"{token.Value}\"" : token.Value).Prepend("vlpeft"));
}
