using System.CommandLine;
using Spectre.Console;
using VLPeft.Recipes;

namespace VLPeft.Cli.Commands;

/// <summary><c>vlpeft recipes list|show</c>.</summary>
internal static class RecipesCommand
{
    public static Command Create(CliConsole console) => new("recipes", "The recipes that are shipped.") { List(console), Show(console) };

    private static Command List(CliConsole console)
    {
        Option<bool> json = CommonOptions.Json();
        var command = new Command("list", "List the shipped recipes.") { json };
        command.SetAction(parsed =>
        {
            (string Name, string Description)[] recipes = [.. ShippedRecipes.Names.Select(name => (name, Recipe.Load(ShippedRecipes.Resolve(name)).Description))];
            if (parsed.GetValue(json))
            {
                console.Json(recipes.Select(recipe => new { name = recipe.Name, description = recipe.Description }));
                return ExitCode.Done;
            }
            Table table = new Table().AddColumn("recipe").AddColumn("what it does");
            foreach ((string name, string description) in recipes)
                table.AddRow(Markup.Escape(name), Markup.Escape(description));
            console.Out.Write(table);
            return ExitCode.Done;
        });
        return command;
    }

    private static Command Show(CliConsole console)
    {
        Argument<string> recipe = CommonOptions.Recipe();
        Option<string[]> set = CommonOptions.Set();
        var command = new Command("show", "Print a recipe with every value spelled out.") { recipe, set };
        command.SetAction(parsed =>
        {
            console.Line(Recipe.Load(ShippedRecipes.Resolve(parsed.GetValue(recipe)!), parsed.GetValue(set) ?? []).ToYaml().TrimEnd());
            return ExitCode.Done;
        });
        return command;
    }
}
