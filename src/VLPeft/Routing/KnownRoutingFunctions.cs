using System.Collections.Concurrent;

namespace VLPeft.Routing;

/// <summary>
/// The routing functions by name. A function of one's own is registered once with <see cref="Register"/>; recipes and the command line
/// then know it like the built-in ones.
/// </summary>
public static class KnownRoutingFunctions
{
    private static readonly ConcurrentDictionary<string, IRoutingFunction> ByName = new(StringComparer.Ordinal);

    static KnownRoutingFunctions()
    {
        Register(None);
        Register(Multiply);
        Register(Add);
        Register(Matmul);
        Register(MatmulExpand);
        Register(new MatmulRelu());
        Register(new SelfMatmul());
        Register(new MatmulOnes());
    }

    /// <summary>x_t: plain LoRA or Adapter.</summary>
    public static IRoutingFunction None { get; } = new NoRouting();

    /// <summary>x_t ∘ x'_v.</summary>
    public static IRoutingFunction Multiply { get; } = new Multiply();

    /// <summary>x_t + x'_v.</summary>
    public static IRoutingFunction Add { get; } = new Add();

    /// <summary>x_t x_vᵀ x_v.</summary>
    public static IRoutingFunction Matmul { get; } = new Matmul();

    /// <summary>x_t x''_v.</summary>
    public static IRoutingFunction MatmulExpand { get; } = new MatmulExpand();

    /// <summary>The paper's comparison, plain first: none, multiply, add, matmul, matmul-expand.</summary>
    public static IReadOnlyList<IRoutingFunction> Paper { get; } = [None, Multiply, Add, Matmul, MatmulExpand];

    /// <summary>All registered names, sorted.</summary>
    public static IReadOnlyList<string> Names => [.. ByName.Keys.Order(StringComparer.Ordinal)];

    /// <summary>Makes a function known by its name.</summary>
    /// <exception cref="ArgumentException">Another function has that name already.</exception>
    public static void Register(IRoutingFunction function)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentException.ThrowIfNullOrWhiteSpace(function.Name);
        IRoutingFunction known = ByName.GetOrAdd(function.Name, function);
        if (known.GetType() != function.GetType())
            throw new ArgumentException($"a routing function named '{function.Name}' is registered already: {known.GetType()}.");
    }

    /// <summary>The function with that name.</summary>
    /// <exception cref="InvalidInputException">No function has it; the message lists those there are.</exception>
    public static IRoutingFunction Get(string name) =>
        ByName.TryGetValue(name, out IRoutingFunction? function)
            ? function
            : throw new InvalidInputException($"'{name}' is no routing function; known are {string.Join(", ", Names)}.");
}
