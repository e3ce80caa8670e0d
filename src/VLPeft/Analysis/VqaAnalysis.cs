using TorchSharp;
using VLPeft.Data;
using VLPeft.Data.Batching;
using VLPeft.Evaluation;
using VLPeft.Experiments;
using VLPeft.Peft;
using static TorchSharp.torch;
using Split = VLPeft.Experiments.Split;

namespace VLPeft.Analysis;

/// <summary>Looks inside a trained run of question answering (docs/analysis.md).</summary>
public static class VqaAnalysis
{
    /// <summary>Analyses a run with questions of a split.</summary>
    /// <param name="experiment">An opened run.</param>
    /// <param name="split">The split; it needs annotations.</param>
    /// <param name="questions">So many of its questions, evenly spread; all when there are fewer.</param>
    /// <param name="progress">Told the share that is done.</param>
    /// <param name="cancellation">Ends the work.</param>
    /// <exception cref="InvalidInputException">The split has no annotations, or fewer than two pictures.</exception>
    public static RunInsides Run(
        VqaExperiment experiment, Split split, int questions, Action<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(questions);
        using var frozen = no_grad();
        return new Work(experiment, experiment.Questions(split), questions, progress, cancellation).Insides();
    }

    private sealed class Work
    {
        private readonly VqaExperiment _experiment;
        private readonly VqaQuestions _questions;
        private readonly int[] _rows, _others;
        private readonly AttachedBottleneck[] _attached;
        private readonly Action<double>? _progress;
        private readonly CancellationToken _cancellation;
        private int _passes, _done;

        public Work(VqaExperiment experiment, VqaQuestions questions, int count, Action<double>? progress, CancellationToken cancellation)
        {
            (_experiment, _questions, _progress, _cancellation) = (experiment, questions, progress, cancellation);
            if (questions.Coverage is null)
                throw new InvalidInputException($"the {RunFiles.Name(questions.Split.Name)} split has no annotations to score answers by.");
            int all = questions.Split.Examples.Count, taken = Math.Min(count, all);
            _rows = [.. Enumerable.Range(0, taken).Select(i => (int)((long)i * all / taken))];
            _others = [.. _rows.Select(WithAnotherPicture)];
            _attached = experiment.System.Peft is { } peft ? [.. peft.Attached.DistinctBy(one => one.Owner)] : [];
        }

        public RunInsides Insides()
        {
            int[] layers = [.. _attached.Where(one => one.Bottleneck.Options.IsRouted).Select(one => LayerOf(one.ModuleName)).Where(layer => layer >= 0).Distinct().Order()];
            _passes = 2 + (layers.Length == 0 ? 0 : layers.Length + 1);
            var records = _attached.Where(BottleneckRecord.Has).ToDictionary(one => one, one => new BottleneckRecord(one));
            try
            {
                Tensor? mean = null;
                string[] answers = Recorded(records, ref mean);
                double accuracy = Accuracy(answers);
                LayerImportance[] importance = mean is null ? [] : [.. layers.Select(layer => Without(layer, mean, accuracy)), .. layers.Length > 0 ? [Without(-1, mean, accuracy)] : Array.Empty<LayerImportance>()];
                mean?.Dispose();
                string[] swapped = Answers(_others);
                return new RunInsides(
                    _rows.Length, accuracy, [.. records.Values.Select(record => record.Insides())], importance,
                    new PictureSwap(answers.Zip(swapped).Count(pair => pair.First != pair.Second) / (double)_rows.Length, Accuracy(swapped)));
            }
            finally
            {
                foreach (BottleneckRecord record in records.Values)
                    record.Dispose();
            }
        }

        // The answers, with what the bottlenecks see kept; and the mean of all pictures' vectors, (1, 1, d).
        private string[] Recorded(Dictionary<AttachedBottleneck, BottleneckRecord> records, ref Tensor? mean)
        {
            Tensor? picture = null;
            double seen = 0;
            Tensor? sum = null;
            using var probe = new BottleneckProbe(records.Keys, (one, hidden, feature) =>
            {
                records[one].Add(hidden, feature ?? picture);
                return feature;
            });
            string[] answers = Answers(_rows, batch =>
            {
                (Tensor? routing, Tensor? prefix) = _experiment.System.Model.Image.Compute(
                    batch.Images.Encoded(_experiment.System.Backbones.Vision, _experiment.System.Model.Image.Options), batch.Questions.Length);
                picture = routing ?? prefix;
                if (picture is null)
                    return;
                Tensor added = picture.mean([1], keepdim: true).sum(0, keepdim: true).DetachFromDisposeScope();
                sum = sum is null ? added : sum.add_(added, Scalars.One);
                seen += batch.Questions.Length;
            });
            mean = sum?.div_(Scalars.Of(seen));
            return answers;
        }

        private LayerImportance Without(int layer, Tensor mean, double accuracy)
        {
            AttachedBottleneck[] changed = [.. _attached.Where(one => one.Bottleneck.Options.IsRouted && (layer < 0 || LayerOf(one.ModuleName) == layer))];
            using var probe = new BottleneckProbe(changed, (_, _, feature) => feature is null ? null : mean.expand(feature.shape));
            double without = Accuracy(Answers(_rows));
            return new LayerImportance(layer, without, accuracy - without);
        }

        // The answer to each of the rows' questions, with the pictures of others.
        private string[] Answers(int[] pictures, Action<VqaBatch>? before = null)
        {
            string[] answers = new string[_rows.Length];
            foreach (ReadOnlyMemory<int> plan in BatchPlan.ByLength([.. _rows.Select(row => _questions.Lengths[row])], _experiment.Recipe.Training.RowsInEvaluation))
            {
                _cancellation.ThrowIfCancellationRequested();
                using var scope = NewDisposeScope();
                int[] places = plan.ToArray();
                VqaBatch batch = _questions.Batch(Array.ConvertAll(places, place => _rows[place]), Array.ConvertAll(places, place => pictures[place]));
                before?.Invoke(batch);
                long[] best = [.. _experiment.Scorer.Logits(batch).argmax(1).data<long>()];
                for (int i = 0; i < places.Length; i++)
                    answers[places[i]] = _experiment.Answers[(int)best[i]];
                _progress?.Invoke((_done += places.Length) / (double)(_passes * _rows.Length));
            }
            return answers;
        }

        private double Accuracy(string[] answers) =>
            100 * answers.Select((answer, i) => VqaAccuracy.Score(_questions.Split.Examples[_rows[i]].Answers, answer)).Average();

        private int WithAnotherPicture(int row)
        {
            IReadOnlyList<VqaExample> examples = _questions.Split.Examples;
            for (int step = 0; step < examples.Count; step++)
            {
                int other = (row + (examples.Count / 2) + step) % examples.Count;
                if (examples[other].ImageId != examples[row].ImageId)
                    return other;
            }
            throw new InvalidInputException($"the {RunFiles.Name(_questions.Split.Name)} split has one picture only; there is none to swap it with.");
        }

        private static int LayerOf(string module) => module.Split('.').Select(part => int.TryParse(part, out int layer) ? layer : -1).FirstOrDefault(layer => layer >= 0, -1);
    }
}
