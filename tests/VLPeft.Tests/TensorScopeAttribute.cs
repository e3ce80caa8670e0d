using System.Reflection;
using TorchSharp;
using VLPeft.Tests;
using Xunit.v3;

[assembly: TensorScope]

namespace VLPeft.Tests;

/// <summary>
/// Every test runs in a dispose scope. A tensor that nothing refers to is freed by the next garbage collection, which any other test may start while
/// libtorch computes with it, or while the test still reads its <c>bytes</c>; a scope refers to it.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class TensorScopeAttribute : BeforeAfterTestAttribute
{
    [ThreadStatic]
    private static DisposeScope? _scope;

    public override void Before(MethodInfo methodUnderTest, IXunitTest test)
    {
        // Scopes belong to a thread, which a test that awaits leaves.
        if (methodUnderTest.ReturnType == typeof(void))
            _scope = torch.NewDisposeScope();
    }

    public override void After(MethodInfo methodUnderTest, IXunitTest test)
    {
        if (methodUnderTest.ReturnType != typeof(void))
            return;
        if (_scope is null)
            throw new InvalidOperationException("the test ended on another thread than it began on.");
        _scope.Dispose();
        _scope = null;
    }
}
