using System.Reflection;
using System.Runtime.Loader;
using VLPeft.Routing;

namespace VLPeft.Cli;

/// <summary>Registers the routing functions of a user's own assembly.</summary>
internal static class Plugins
{
    /// <exception cref="InvalidInputException">The file is missing, no assembly, or has no routing function.</exception>
    public static void Load(IEnumerable<string>? files)
    {
        foreach (string file in files ?? [])
        {
            Type[] types = Functions(file);
            if (types.Length == 0)
                throw new InvalidInputException($"--plugin {file}: it has no public class that implements IRoutingFunction and has a constructor without parameters.");
            foreach (Type type in types)
                KnownRoutingFunctions.Register((IRoutingFunction)Activator.CreateInstance(type)!);
        }
    }

    private static Type[] Functions(string file)
    {
        string path = Path.GetFullPath(file);
        if (!File.Exists(path))
            throw new InvalidInputException($"--plugin {file}: there is no such file.");
        try
        {
            Assembly assembly = AssemblyLoadContext.Default.LoadFromAssemblyPath(path);
            return [.. assembly.GetExportedTypes().Where(type => type is { IsClass: true, IsAbstract: false }
                && typeof(IRoutingFunction).IsAssignableFrom(type) && type.GetConstructor(Type.EmptyTypes) is not null)];
        }
        catch (Exception error) when (error is BadImageFormatException or FileLoadException or FileNotFoundException or TypeLoadException)
        {
            throw new InvalidInputException($"--plugin {file}: it can't be loaded as an assembly: {error.Message}", error);
        }
    }
}
