using System.Collections.Immutable;
using System.Reflection;
using System.Text;
using F23.StringSimilarity;

namespace VLPeft.Recipes;

/// <summary>Between C# names and recipe keys: <c>MaxLength</c> is <c>max-length</c>.</summary>
internal static class RecipeNames
{
    public static string Kebab(string name)
    {
        var key = new StringBuilder();
        for (int i = 0; i < name.Length; i++)
        {
            if (char.IsUpper(name[i]) && i > 0)
                key.Append('-');
            key.Append(char.ToLowerInvariant(name[i]));
        }
        return key.ToString();
    }

    /// <summary>The keys of a section with their properties, in the order they are written.</summary>
    public static ImmutableArray<(string Key, PropertyInfo Property)> KeysOf(Type section) =>
        [.. section.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.CanWrite && property.GetIndexParameters().Length == 0)
            .Select(property => (Kebab(property.Name), property))];

    /// <summary>" Did you mean 'batch-size'?", or the whole list when nothing is near.</summary>
    public static string Suggest(string given, IEnumerable<string> known)
    {
        var distance = new Damerau();
        string[] all = [.. known];
        string? nearest = all.MinBy(key => distance.Distance(given, key));
        return nearest is not null && distance.Distance(given, nearest) <= Math.Max(2, given.Length / 3)
            ? $"did you mean '{nearest}'?"
            : $"known are {string.Join(", ", all)}.";
    }

    /// <summary>A section is a record of this namespace (or a user's) with a parameterless constructor.</summary>
    public static bool IsSection(Type type) =>
        type.IsClass && type != typeof(string) && type.GetConstructor(Type.EmptyTypes) is not null && !type.IsGenericType;
}
