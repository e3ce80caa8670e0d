using System.Reflection;
using System.Text.Json;

namespace VLPeft.Recipes;

/// <summary>Overrides that stand in a file, as a study's: a relative path is meant relative to that file, as in a recipe.</summary>
internal static class PathOverrides
{
    /// <summary>The override, its path or paths made absolute when its key takes any.</summary>
    /// <param name="assignment">As <c>vision.model=models/beit-scenes</c>.</param>
    /// <param name="file">The file it stands in.</param>
    /// <exception cref="InvalidInputException">A path is no text, or needs an environment variable that is not set.</exception>
    public static string Absolute(string assignment, string file)
    {
        string key = assignment[..Math.Max(0, assignment.IndexOf('=', StringComparison.Ordinal))].Trim();
        PropertyInfo?[] properties = [.. PropertiesOf(key)];
        if (properties[^1]?.IsDefined(typeof(RecipePathAttribute)) != true)
            return assignment;
        object? value = new RecipeBinder(RecipeTree.OfOverride(assignment, file)).Bind<Recipe>();
        foreach (PropertyInfo? property in properties)
            value = property!.GetValue(value);
        return $"{key}={JsonSerializer.Serialize(value)}"; // JSON is YAML
    }

    // Null where a part of the key is unknown: whoever reads the recipe says so.
    private static IEnumerable<PropertyInfo?> PropertiesOf(string key)
    {
        Type? section = typeof(Recipe);
        foreach (string part in key.Split('.'))
        {
            PropertyInfo? property = section is null ? null : RecipeNames.KeysOf(section).FirstOrDefault(one => one.Key == part).Property;
            section = property?.PropertyType;
            yield return property;
        }
    }
}
