using System.Globalization;

namespace VLPeft.Training;

/// <summary>How often something happens: every so many steps or epochs, or never.</summary>
public readonly record struct Cadence
{
    private readonly int count;
    private readonly bool epochs;

    private Cadence(int count, bool epochs)
    {
        if (count < 1)
            throw new InvalidInputException($"A cadence must be 1 step or epoch or more, but is {count}.");
        (this.count, this.epochs) = (count, epochs);
    }

    /// <summary>Never; the default.</summary>
    public static Cadence Never => default;

    /// <summary>Every <paramref name="count"/> steps.</summary>
    /// <exception cref="InvalidInputException">Below 1.</exception>
    public static Cadence Steps(int count) => new(count, epochs: false);

    /// <summary>At the end of every <paramref name="count"/> epochs.</summary>
    /// <exception cref="InvalidInputException">Below 1.</exception>
    public static Cadence Epochs(int count) => new(count, epochs: true);

    /// <summary>Whether it is time after <paramref name="step"/> completed steps.</summary>
    public bool IsDue(long step, long stepsPerEpoch) => count > 0 && step > 0 && step % (epochs ? count * stepsPerEpoch : count) == 0;

    /// <inheritdoc/>
    public override string ToString() => count == 0
        ? "never"
        : string.Create(CultureInfo.InvariantCulture, $"{count} {(epochs ? "epochs" : "steps")}");
}

/// <summary>Ends a run when a validation metric has not improved for a number of validations.</summary>
/// <param name="Metric">The metric's name, e.g. <c>loss</c> or <c>accuracy</c>.</param>
/// <param name="Patience">Validations in a row without improvement that end the run; at least 1.</param>
/// <param name="MinimumImprovement">What counts as an improvement: better by more than this.</param>
public sealed record EarlyStopping(string Metric, int Patience, double MinimumImprovement = 0);
