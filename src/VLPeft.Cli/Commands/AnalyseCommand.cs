using System.CommandLine;
using System.Text.Json;
using Spectre.Console;
using VLPeft.Analysis;
using VLPeft.Checkpoints;
using VLPeft.Cli.Reports;
using VLPeft.Cli.Reports.Runs;
using VLPeft.Experiments;

namespace VLPeft.Cli.Commands;

/// <summary><c>vlpeft analyse RUN…</c>: what routing does inside trained models.</summary>
internal static class AnalyseCommand
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    public static Command Create(CliConsole console)
    {
        Argument<string[]> runs = new("runs") { Description = "Run folders of question answering that `vlpeft evaluate` has scored.", Arity = ArgumentArity.OneOrMore };
        Option<string> output = new("--output", "-o") { Description = "Where report.html and insides.json go.", DefaultValueFactory = _ => Path.Combine("runs", "analysis"), HelpName = "folder" };
        Option<Split> split = new("--split") { Description = "The split whose questions are used.", DefaultValueFactory = _ => Split.Test };
        Option<int> questions = new("--questions") { Description = "How many of its questions, evenly spread.", DefaultValueFactory = _ => 1000 };
        Option<string[]> plugin = CommonOptions.Plugin();
        Option<bool> json = CommonOptions.Json();
        var command = new Command("analyse", "Look inside trained runs: text and picture in each bottleneck, how much of the picture is there before and behind routing, what each layer's routing is worth, what a swapped picture changes.")
        {
            runs, output, split, questions, plugin, json,
        };
        command.SetAction(parsed =>
        {
            Plugins.Load(parsed.GetValue(plugin));
            int count = parsed.GetValue(questions);
            if (count < 2)
                throw new InvalidInputException($"--questions: expected 2 or more, got {count}.");
            string line = string.Join(' ', parsed.Tokens.Select(token => token.Value).Prepend("vlpeft"));
            return Run(console, new Request(parsed.GetValue(runs)!, parsed.GetValue(output)!, parsed.GetValue(split), count, parsed.GetValue(json), line));
        });
        return command;
    }

    private sealed record Request(string[] Runs, string Output, Split Split, int Questions, bool Json, string Command);

    private static int Run(CliConsole console, Request request)
    {
        using var interruption = new Interruption(console);
        EvaluatedRun[] runs = [.. request.Runs.Select(folder => EvaluatedRun.Open(folder, request.Split))];
        var insides = new OrderedDictionary<string, RunInsides>();
        foreach ((string name, EvaluatedRun[] own) in RunVariants.Group(runs, reference: null))
            insides.Add(name, RunReporters.Overall(console, name, progress => Analyse(own.MinBy(run => run.Recipe.Seed)!, request, progress, interruption.Token)));
        string page = Path.Combine(request.Output, "report.html");
        AtomicFile.WriteText(Path.Combine(request.Output, "insides.json"), JsonSerializer.Serialize(insides, Indented) + "\n");
        ReportModel report = RunReport.Of(runs, new RunReportOptions(request.Split, 0, null, "Inside the bottlenecks", request.Command));
        HtmlReport.Write(page, report with { Tables = [.. InsidesTables.Of(insides)] });
        if (request.Json)
            console.Line(JsonSerializer.Serialize(insides, Indented));
        else
            Show(console, insides, page);
        return ExitCode.Done;
    }

    private static RunInsides Analyse(EvaluatedRun run, Request request, Action<double> progress, CancellationToken cancellation)
    {
        using VqaExperiment experiment = VqaRun.Open(run.Files.Folder, new PlainRunReporter(VLPeft.Training.NullProgress.Instance), cancellation);
        return VqaAnalysis.Run(experiment, request.Split, request.Questions, progress, cancellation);
    }

    private static void Show(CliConsole console, OrderedDictionary<string, RunInsides> insides, string page)
    {
        foreach (ReportTable one in InsidesTables.Of(insides).Take(2))
        {
            Table table = new Table().Title(Markup.Escape(one.Title));
            foreach (string column in one.Columns)
                table.AddColumn(Markup.Escape(column));
            foreach (IReadOnlyList<string> row in one.Rows)
                table.AddRow([.. row.Select(Markup.Escape)]);
            console.Out.Write(table);
        }
        console.Line($"report: {page}");
    }
}
