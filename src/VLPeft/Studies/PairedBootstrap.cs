using VLPeft.Data;

namespace VLPeft.Studies;

/// <summary>Scores of the test items of one run, in an order that all runs on the same data have.</summary>
/// <param name="Clusters">What each item belongs to (questions to a picture): items of a cluster are drawn together.</param>
/// <param name="Scores">Each item's score.</param>
public sealed record ItemScores(IReadOnlyList<long> Clusters, IReadOnlyList<double> Scores);

/// <summary>A difference with an interval.</summary>
/// <param name="Mean">The mean over seeds and items.</param>
/// <param name="Low">The interval's lower end.</param>
/// <param name="High">Its upper end.</param>
/// <param name="Seeds">How many seeds both sides have.</param>
public sealed record DifferenceInterval(double Mean, double Low, double High, int Seeds);

/// <summary>
/// How far one variant is above another, paired by seed and test item, with a 95 % percentile interval of a bootstrap in two stages: seeds
/// are drawn with replacement, and clusters of items (pictures) with replacement, the same for both sides.
/// </summary>
/// <remarks>
/// With one seed only the items are drawn, so the interval says nothing of other seeds; with three there are but ten different draws of them.
/// </remarks>
public static class PairedBootstrap
{
    private const double Outside = 0.025;

    /// <summary>The difference of two variants.</summary>
    /// <param name="ours">A run's items by seed.</param>
    /// <param name="theirs">The same of the variant that is compared with.</param>
    /// <param name="draws">Resamples; at least 100.</param>
    /// <param name="seed">Seeds them: the same numbers give the same interval.</param>
    /// <returns>Null when they share no seed.</returns>
    /// <exception cref="ArgumentException">Two runs have other items, or there are none.</exception>
    public static DifferenceInterval? Difference(
        IReadOnlyDictionary<long, ItemScores> ours, IReadOnlyDictionary<long, ItemScores> theirs, int draws = 2000, ulong seed = 1)
    {
        ArgumentNullException.ThrowIfNull(ours);
        ArgumentNullException.ThrowIfNull(theirs);
        ArgumentOutOfRangeException.ThrowIfLessThan(draws, 100);
        long[] seeds = [.. ours.Keys.Intersect(theirs.Keys).Order()];
        if (seeds.Length == 0)
            return null;
        IReadOnlyList<long> clusters = ours[seeds[0]].Clusters;
        double[] sizes = Sizes(clusters, out int[] clusterOf);
        double[][] sums = [.. seeds.Select(one => Sums(ours[one], theirs[one], clusters, clusterOf, sizes.Length))];
        double[] means = Resample(sums, sizes, draws, seed);
        return new DifferenceInterval(
            sums.Sum(one => one.Sum()) / (seeds.Length * sizes.Sum()), Quantile(means, Outside), Quantile(means, 1 - Outside), seeds.Length);
    }

    private static double[] Sizes(IReadOnlyList<long> clusters, out int[] clusterOf)
    {
        if (clusters.Count == 0)
            throw new ArgumentException("there are no items to compare.");
        var places = new Dictionary<long, int>();
        clusterOf = [.. clusters.Select(cluster => places.TryGetValue(cluster, out int place) ? place : places[cluster] = places.Count)];
        double[] sizes = new double[places.Count];
        foreach (int place in clusterOf)
            sizes[place]++;
        return sizes;
    }

    private static double[] Sums(ItemScores ours, ItemScores theirs, IReadOnlyList<long> clusters, int[] clusterOf, int count)
    {
        foreach (ItemScores side in new[] { ours, theirs })
            if (side.Scores.Count != clusters.Count || !side.Clusters.SequenceEqual(clusters))
                throw new ArgumentException($"two runs have other test items ({side.Scores.Count} and {clusters.Count}); they can't be compared item by item.");
        double[] sums = new double[count];
        for (int i = 0; i < clusterOf.Length; i++)
            sums[clusterOf[i]] += ours.Scores[i] - theirs.Scores[i];
        return sums;
    }

    // The mean difference of each draw, ascending.
    private static double[] Resample(double[][] sums, double[] sizes, int draws, ulong seed)
    {
        var random = new DeterministicRandom(seed);
        double[] means = new double[draws];
        int[] times = new int[sizes.Length];
        for (int draw = 0; draw < draws; draw++)
        {
            Array.Clear(times);
            double items = 0, sum = 0;
            for (int i = 0; i < times.Length; i++)
            {
                int cluster = random.NextInt32(times.Length);
                times[cluster]++;
                items += sizes[cluster];
            }
            for (int i = 0; i < sums.Length; i++)
            {
                double[] own = sums[random.NextInt32(sums.Length)];
                for (int cluster = 0; cluster < times.Length; cluster++)
                    sum += times[cluster] * own[cluster];
            }
            means[draw] = sum / (sums.Length * items);
        }
        Array.Sort(means);
        return means;
    }

    private static double Quantile(double[] ascending, double share)
    {
        double place = share * (ascending.Length - 1);
        int below = (int)place;
        return below + 1 == ascending.Length ? ascending[below] : ascending[below] + ((place - below) * (ascending[below + 1] - ascending[below]));
    }
}
