using VLPeft.Pretraining;
using VLPeft.Training;
using Xunit;

namespace VLPeft.Tests.Pretraining;

/// <summary>A folder for models, and pre-training into it to the end.</summary>
public abstract class PretrainingTestBase : IDisposable
{
    private protected readonly TemporaryFolder home = new();

    private protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        home.Dispose();
        GC.SuppressFinalize(this);
    }

    private protected PretrainingReport Run(TextPretrainingOptions options, string name) =>
        TextPretraining.Run(options, home.File(name), NullProgress.Instance, Cancel).Report!;

    private protected PretrainingReport Run(VisionPretrainingOptions options, string name) =>
        VisionPretraining.Run(options, home.File(name), NullProgress.Instance, Cancel).Report!;

    private protected PretrainingReport Run(ClipPretrainingOptions options, string name) =>
        ClipPretraining.Run(options, home.File(name), NullProgress.Instance, Cancel).Report!;
}
