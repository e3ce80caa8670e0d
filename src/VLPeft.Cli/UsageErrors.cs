using System.CommandLine;
using System.CommandLine.Parsing;
using F23.StringSimilarity;

namespace VLPeft.Cli;

/// <summary>What is wrong with a command line, in words that name what was typed and what there is.</summary>
internal static class UsageErrors
{
    /// <summary>The first thing that is wrong; null when nothing is.</summary>
    public static string? Find(ParseResult parsed)
    {
        string? unknown = OptionTakenForAnArgument(parsed.CommandResult) ?? (parsed.UnmatchedTokens.Count > 0 ? parsed.UnmatchedTokens[0] : null);
        if (unknown is not null)
            return Unknown(unknown, parsed.CommandResult.Command);
        return parsed.Errors.Count == 0 ? null : Explain(parsed.Errors[0], parsed.CommandResult.Command);
    }

    /// <summary>A command's name as it is typed, "vlpeft recipes list".</summary>
    public static string NameOf(CommandResult command)
    {
        var names = new Stack<string>();
        for (SymbolResult? at = command; at is CommandResult { Command: not RootCommand } result; at = at.Parent)
            names.Push(result.Command.Name);
        return string.Join(' ', ["vlpeft", .. names]);
    }

    // A mistyped option in front of an argument is read as that argument; no file of ours starts with two dashes.
    private static string? OptionTakenForAnArgument(CommandResult command) => command.Children.OfType<ArgumentResult>()
        .SelectMany(argument => argument.Tokens).Select(token => token.Value)
        .FirstOrDefault(value => value.StartsWith("--", StringComparison.Ordinal));

    private static string Unknown(string token, Command command)
    {
        if (token.StartsWith('-'))
            return $"unknown option '{token}'; {Suggest(token, command.Options.Select(option => option.Name))}";
        return command.Subcommands.Count > 0
            ? $"unknown command '{token}'; {Suggest(token, Visible(command))}"
            : $"'{token}' is one argument too many.";
    }

    private static string Explain(ParseError error, Command command)
    {
        if (error.SymbolResult is OptionResult { IdentifierTokenCount: > 0 } option && option.Tokens.Count == 1 && Expected(option.Option) is { } expected)
            return $"{option.Option.Name}: expected {expected}, got '{option.Tokens[0].Value}'.";
        if (error.SymbolResult is OptionResult { IdentifierTokenCount: > 0 } bare && bare.Tokens.Count == 0)
            return $"{bare.Option.Name}: expected a value, got nothing.";
        if (error.SymbolResult is OptionResult missing)
            return $"option {missing.Option.Name} is missing: {missing.Option.Description}";
        if (error.SymbolResult is ArgumentResult argument && argument.Tokens.Count == 0)
            return $"the {argument.Argument.Name} is missing: {argument.Argument.Description}";
        return command.Subcommands.Count > 0 ? $"a command is missing: {string.Join(", ", Visible(command))}." : error.Message;
    }

    private static string? Expected(Option option)
    {
        Type type = Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;
        return type.IsEnum ? $"one of {string.Join(", ", Enum.GetNames(type).Select(name => name.ToLowerInvariant()))}"
            : type == typeof(int) || type == typeof(long) ? "a whole number"
            : type == typeof(bool) ? "true or false"
            : null;
    }

    private static IEnumerable<string> Visible(Command command) => command.Subcommands.Where(one => !one.Hidden).Select(one => one.Name);

    private static string Suggest(string given, IEnumerable<string> known)
    {
        var distance = new Damerau();
        string[] all = [.. known];
        string? nearest = all.MinBy(name => distance.Distance(given, name));
        return nearest is not null && distance.Distance(given, nearest) <= Math.Max(2, given.Length / 3)
            ? $"did you mean '{nearest}'?"
            : $"known are {string.Join(", ", all)}.";
    }
}
