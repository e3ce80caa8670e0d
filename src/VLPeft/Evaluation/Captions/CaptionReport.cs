namespace VLPeft.Evaluation.Captions;

/// <summary>What to score captions with beside BLEU, ROUGE-L and CIDEr.</summary>
public sealed record CaptionScorerOptions
{
    /// <summary>METEOR 1.5 with its data; without them it is not available.</summary>
    public Meteor? Meteor { get; init; }

    /// <summary>SPICE by its official program; without it it is not available.</summary>
    public Spice? Spice { get; init; }

    /// <summary>CIDEr's document frequencies; counted in the references when null.</summary>
    public DocumentFrequencies? Frequencies { get; init; }

    /// <summary>Told the share done, from 0 to 1, after each step.</summary>
    public Action<double>? Progress { get; init; }
}

/// <summary>The scores of a set of captions.</summary>
/// <param name="Scores">Bleu_1 … Bleu_4, METEOR, ROUGE_L, CIDEr, SPICE; null where one is not available.</param>
/// <param name="ImageIds">The pictures.</param>
/// <param name="PerImage">By the same names, for those that are available: the score of each picture.</param>
public sealed record CaptionReport(
    IReadOnlyDictionary<string, double?> Scores,
    IReadOnlyList<string> ImageIds,
    IReadOnlyDictionary<string, IReadOnlyList<double>> PerImage);

/// <summary>Puts a report together, metric by metric.</summary>
internal sealed class CaptionReportBuilder(IReadOnlyList<string> imageIds)
{
    private readonly OrderedDictionary<string, double?> _scores = new(StringComparer.Ordinal);
    private readonly OrderedDictionary<string, IReadOnlyList<double>> _perImage = new(StringComparer.Ordinal);

    public void Add(string name, CaptionMetric? metric)
    {
        _scores.Add(name, metric?.Score);
        if (metric is not null)
            _perImage.Add(name, metric.PerImage);
    }

    public CaptionReport Build() => new(_scores, imageIds, _perImage);
}
