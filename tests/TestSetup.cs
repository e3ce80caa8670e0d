using System.Runtime.CompilerServices;
using TorchSharp;

namespace VLPeft.TestData;

internal static class TestSetup
{
    // Tests run in parallel on few cores; with several threads each, small operations would wait for one another.
    [ModuleInitializer]
    internal static void OneThread() => torch.set_num_threads(1);
}
