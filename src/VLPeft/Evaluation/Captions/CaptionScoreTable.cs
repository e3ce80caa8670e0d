using System.Globalization;
using System.Text;
using VLPeft.Checkpoints;

namespace VLPeft.Evaluation.Captions;

/// <summary>The scores of each picture as a CSV file: image_id, and a column a metric.</summary>
public static class CaptionScoreTable
{
    /// <summary>Writes the file; it is there whole or not at all.</summary>
    public static void Write(string path, CaptionReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        var text = new StringBuilder();
        text.AppendJoin(',', report.PerImage.Keys.Prepend("image_id")).Append('\n');
        for (int i = 0; i < report.ImageIds.Count; i++)
        {
            text.Append(Quoted(report.ImageIds[i]));
            foreach (IReadOnlyList<double> scores in report.PerImage.Values)
                text.Append(',').Append(scores[i].ToString("R", CultureInfo.InvariantCulture));
            text.Append('\n');
        }
        AtomicFile.WriteText(path, text.ToString());
    }

    private static string Quoted(string id) =>
        id.AsSpan().ContainsAny("\",\r\n") ? $"\"{id.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : id;
}
