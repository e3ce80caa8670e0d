using System.Buffers.Binary;
using Tensorboard;
using VLPeft.Training;
using Xunit;

namespace VLPeft.Tests.Training;

[Collection(Alone.Name)]
public sealed class TensorBoardTests
{
    [Fact]
    public void Events_repeat_the_log_once_also_after_an_interruption()
    {
        using var temporary = new TemporaryFolder();
        var folder = new RunFolder(temporary.Path);
        var options = new TrainerOptions { Steps = 8, LearningRate = 0.01, LogEvery = 2, Validation = Cadence.Steps(4) };
        using (var cancellation = new CancellationTokenSource())
        {
            using var task = new ToyTask();
            var progress = new RecordingProgress { OnStep = step => { if (step.Number == 5) cancellation.Cancel(); } };
            Trainer.Run(task, options, folder, progress, cancellation.Token);
        }
        using (var task = new ToyTask())
            Trainer.Run(task, options, folder, NullProgress.Instance, TestContext.Current.CancellationToken);

        (string, long, float)[] expected = [.. MetricsLog.Read(folder.Metrics).SelectMany(Values)];
        Assert.Equal(4 * 3 + 2 * 2, expected.Length);
        Assert.Equal(expected.Order(), Directory.GetFiles(folder.TensorBoard).SelectMany(Events).Order());
    }

    private static IEnumerable<(string, long, float)> Values(MetricsEntry entry)
    {
        if (entry.Loss is { } loss)
            return
            [
                ("train/loss", entry.Step, (float)loss),
                ("train/learning-rate", entry.Step, (float)entry.Lr!),
                ("train/gradient-norm", entry.Step, (float)entry.GradNorm!),
            ];
        return entry.Validation!.Select(pair => ("validation/" + pair.Key, entry.Step, (float)pair.Value));
    }

    // A record is its length (8 bytes), a checksum (4), the event, a checksum (4).
    private static IEnumerable<(string, long, float)> Events(string file)
    {
        byte[] bytes = File.ReadAllBytes(file);
        for (int at = 0; at < bytes.Length;)
        {
            int length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(at));
            Event item = Event.Parser.ParseFrom(bytes, at + 12, length);
            at += length + 16;
            foreach (Summary.Types.Value value in item.Summary?.Value ?? [])
                yield return (value.Tag, item.Step, value.SimpleValue);
        }
    }
}
