using Mono.Cecil;
using TorchSharp;
using VLPeft.Cli;
using Xunit;

namespace VLPeft.Tests;

/// <summary>
/// No code here calls a method of TorchSharp that makes a <see cref="Scalar"/> of its own, which a collection may free under the running operation.
/// The analyzer of <c>BannedSymbols.txt</c> says so while one writes, but knows neither compound assignments nor what TorchSharp does inside.
/// </summary>
public sealed class ScalarCallsTests
{
    // They make the scalars they pass, but use them again after the native call, or make none for what is passed to them here: tensors alone.
    private static readonly string[] Harmless = ["TorchSharp.torch::arange(", "TorchSharp.torch/jit/CompilationUnit::invoke("];

    public static TheoryData<Type> Assemblies => [typeof(Scalars), typeof(CliApplication), typeof(ScalarCallsTests)];

    [Theory]
    [MemberData(nameof(Assemblies))]
    public void ScalarsAreMadeWhereTheyAreKept(Type member)
    {
        HashSet<string> makers = Makers();
        Assert.Contains(makers, name => name.Contains("Tensor::add(TorchSharp.torch/Tensor)", StringComparison.Ordinal));
        using AssemblyDefinition assembly = AssemblyDefinition.ReadAssembly(member.Assembly.Location);
        string[] found = [.. Methods(assembly)
            .Where(method => method.DeclaringType.FullName != typeof(Scalars).FullName)
            .SelectMany(method => Calls(method).Where(makers.Contains).Select(called => $"{method.FullName} calls {called}"))
            .Where(call => !Harmless.Any(harmless => call.Contains(harmless, StringComparison.Ordinal)))];
        Assert.Empty(found);
    }

    // What makes a Scalar, and what calls that.
    private static HashSet<string> Makers()
    {
        using AssemblyDefinition torch = AssemblyDefinition.ReadAssembly(typeof(Scalar).Assembly.Location);
        ILookup<string, string> callers = Methods(torch).Where(method => !MakesScalars(method.FullName))
            .SelectMany(method => Calls(method).Select(called => (called, method.FullName))).ToLookup(pair => pair.called, pair => pair.FullName);
        HashSet<string> makers = [.. callers.Select(called => called.Key).Where(MakesScalars)];
        var queue = new Queue<string>(makers);
        while (queue.TryDequeue(out string? called))
            foreach (string caller in callers[called].Where(makers.Add))
                queue.Enqueue(caller);
        return makers;
    }

    private static bool MakesScalars(string method) =>
        method.Contains("TorchSharp.Scalar::op_Implicit(", StringComparison.Ordinal)
        || method.Contains("TorchSharp.ScalarExtensionMethods::ToScalar(", StringComparison.Ordinal);

    private static IEnumerable<MethodDefinition> Methods(AssemblyDefinition assembly) =>
        assembly.MainModule.GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody);

    private static IEnumerable<string> Calls(MethodDefinition method) =>
        method.Body.Instructions.Select(instruction => instruction.Operand).OfType<MethodReference>().Select(called => called.GetElementMethod().FullName).Distinct();
}
