using VLPeft.Analysis;

namespace VLPeft.Cli.Reports.Runs;

/// <summary>What was found inside runs, as tables of a report.</summary>
internal static class InsidesTables
{
    public static IEnumerable<ReportTable> Of(IReadOnlyDictionary<string, RunInsides> insides)
    {
        yield return new ReportTable("Another picture", "What happens when every question gets another question's picture; one run a variant.",
            ["variant", "questions", "accuracy", "answers that change", "accuracy with another picture"],
            [.. insides.Select(one => (IReadOnlyList<string>)
                [one.Key, $"{one.Value.Questions}", $"{one.Value.Accuracy:F2}", $"{one.Value.Swap.Changed:P1}", $"{one.Value.Swap.Accuracy:F2}"])]);
        int[] layers = [.. insides.Values.SelectMany(one => one.Layers.Select(layer => layer.Layer)).Distinct().Order()];
        if (layers.Length > 0)
            yield return new ReportTable("What each layer's routing is worth",
                "Accuracy points lost when the bottlenecks of a layer are routed by the mean of all pictures instead of their own.",
                ["variant", .. layers.Select(layer => layer < 0 ? "all layers" : $"layer {layer}")],
                [.. insides.Where(one => one.Value.Layers.Count > 0).Select(one => (IReadOnlyList<string>)
                    [one.Key, .. layers.Select(layer => one.Value.Layers.FirstOrDefault(own => own.Layer == layer) is { } own ? $"{own.Loss:F2}" : "–")])]);
        yield return new ReportTable("Text and picture in the bottlenecks",
            "Mean over bottlenecks. x_t = W_down x_H and x_v = W_down x_R as the mean over an example's positions; for unrouted runs x_R is the visual prefix. "
            + "CKA: 1 when two representations of the examples are the same up to rotation and scale. Effective rank of the update that a bottleneck adds to its layer.",
            ["variant", "cos(x_t, x_v)", "with another's x_v", "CKA(x_t, x_v)", "CKA(R, x_v)", "effective rank"],
            [.. insides.Select(one => (IReadOnlyList<string>)
            [
                one.Key, Mean(one.Value, bottleneck => bottleneck.Cosine), Mean(one.Value, bottleneck => bottleneck.CosineOther),
                Mean(one.Value, bottleneck => bottleneck.CkaTextVision), Mean(one.Value, bottleneck => bottleneck.CkaRoutedVision), Mean(one.Value, bottleneck => bottleneck.EffectiveRank),
            ])]);
        foreach ((string name, RunInsides run) in insides)
            yield return Bottlenecks(name, run);
    }

    private static ReportTable Bottlenecks(string name, RunInsides run) => new($"Each bottleneck of '{name}'",
        "Mean ± standard deviation of the entries of x_t and x_v, with their 5 % and 95 % quantiles.",
        ["bottleneck", "x_t", "x_v", "cos", "CKA(x_t, x_v)", "CKA(R, x_v)", "effective rank"],
        [.. run.Bottlenecks.Select(one => (IReadOnlyList<string>)
            [one.Name, Shown(one.Text), one.Vision is null ? "–" : Shown(one.Vision), Number(one.Cosine), Number(one.CkaTextVision), Number(one.CkaRoutedVision), Number(one.EffectiveRank)])]);

    private static string Shown(Distribution one) => $"{one.Mean:F2} ± {one.Sd:F2} [{one.Low:F2}, {one.High:F2}]";

    private static string Mean(RunInsides run, Func<BottleneckInsides, double?> value)
    {
        double[] values = [.. run.Bottlenecks.Select(value).OfType<double>()];
        return values.Length == 0 ? "–" : Number(values.Average());
    }

    private static string Number(double? value) => value is { } number ? $"{number:F2}" : "–";
}
