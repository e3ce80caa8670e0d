using System.Diagnostics;
using System.Globalization;

namespace VLPeft.Training;

/// <summary>
/// All that a run writes about itself: the metrics log, TensorBoard's copy of it, and, in a file of their own since they differ from run
/// to run, times and throughput.
/// </summary>
internal sealed class RunLog : IDisposable
{
    private readonly MetricsLog metrics;
    private readonly TensorBoardLog? tensorBoard;
    private readonly StreamWriter timing;
    private readonly Stopwatch session = Stopwatch.StartNew();
    private readonly Stopwatch training = Stopwatch.StartNew();
    private readonly Action<string> at;
    private long examples;

    public RunLog(RunFolder folder, TrainingState state, bool withTensorBoard, Action<string> at)
    {
        this.at = at;
        metrics = new MetricsLog(folder.Metrics, state.LogLength);
        timing = new StreamWriter(folder.Timing, append: state.Step > 0) { AutoFlush = true };
        tensorBoard = withTensorBoard ? new TensorBoardLog(folder) : null;
        WriteTime($"{{\"step\":{state.Step},\"started\":\"{DateTime.UtcNow:yyyy-MM-ddTHH:mm:ssZ}\"}}");
    }

    /// <summary>Bytes in the metrics log.</summary>
    public long Length => metrics.Length;

    public void Count(int more) => examples += more;

    public void Write(MetricsEntry entry)
    {
        metrics.Write(entry);
        at("log");
        tensorBoard?.Write(entry);
        if (entry.Loss is not null)
            WriteTime(entry.Step);
    }

    public void FlushToDisk() => metrics.FlushToDisk();

    /// <summary>The throughput leaves out what is done meanwhile.</summary>
    public void Pause() => training.Stop();

    public void Resume() => training.Start();

    public void Dispose()
    {
        timing.Dispose();
        metrics.Dispose();
    }

    private void WriteTime(long step)
    {
        double rate = examples / Math.Max(training.Elapsed.TotalSeconds, 1e-9);
        WriteTime($"{{\"step\":{step},\"seconds\":{session.Elapsed.TotalSeconds:0.###},\"examples_per_second\":{rate:0.#}}}");
        examples = 0;
        training.Restart();
    }

    private void WriteTime(FormattableString line) => timing.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
