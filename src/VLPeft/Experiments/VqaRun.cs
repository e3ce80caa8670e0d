using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using VLPeft.Checkpoints;
using VLPeft.Evaluation;
using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.Training;

namespace VLPeft.Experiments;

/// <summary>A run folder: trains a recipe into it, and answers questions out of it.</summary>
public static class VqaRun
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Trains a recipe, or goes on where the folder's run was interrupted; a finished run is left as it is.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="folder">The run folder; made when it does not exist.</param>
    /// <param name="reporter">Is told how it goes.</param>
    /// <param name="cancellation">Ends the run after the current step, with a checkpoint.</param>
    /// <exception cref="InvalidInputException">The folder holds a run of another recipe, or the recipe can't be put together.</exception>
    public static TrainingOutcome Train(Recipe recipe, string folder, IRunReporter reporter, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(reporter);
        var files = new RunFiles(folder);
        Claim(recipe, files);
        using VqaExperiment experiment = VqaExperiment.Prepare(recipe, files, reporter, cancellation);
        string audit = experiment.Audit();
        AtomicFile.WriteText(files.Audit, audit);
        reporter.Message(audit.TrimEnd());
        VqaTask task = experiment.Task();
        if (experiment.Questions(Split.Train).Coverage is { } coverage)
            reporter.Message($"training answers: {coverage}");
        TrainingOutcome outcome = Trainer.Run(task, OptionsOf(recipe), new RunFolder(files.Folder), reporter, cancellation);
        if (outcome.Status != TrainingStatus.Interrupted)
            Export(experiment, files, outcome);
        return outcome;
    }

    /// <summary>Opens a finished (or interrupted) run with the weights that its recipe chooses.</summary>
    /// <exception cref="InvalidInputException">The folder is no run, or holds no weights yet.</exception>
    public static VqaExperiment Open(string folder, IRunReporter reporter, CancellationToken cancellation = default)
    {
        var files = new RunFiles(folder);
        Recipe recipe = RecipeOf(files);
        VqaExperiment experiment = VqaExperiment.Prepare(recipe, files, reporter, cancellation);
        try
        {
            TrainedParameters.Load(WeightsOf(recipe, files), experiment.System.TrainableParameters);
            experiment.System.Eval();
            return experiment;
        }
        catch
        {
            experiment.Dispose();
            throw;
        }
    }

    /// <summary>Answers a split, scores it, and keeps both in the run folder.</summary>
    /// <returns>The scores.</returns>
    public static VqaScores Evaluate(VqaExperiment experiment, RunFiles files, Split split, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(experiment);
        ArgumentNullException.ThrowIfNull(files);
        VqaScores scores = experiment.Scorer.Score(experiment.Questions(split), cancellation);
        VqaResultFile.Write(files.Predictions(split), scores.Predictions);
        AtomicFile.WriteText(files.Evaluation(split), JsonSerializer.Serialize(VqaEvaluationReport.Of(split, scores, experiment.Recipe), Indented) + "\n");
        return scores;
    }

    /// <summary>The recipe that a run was made by.</summary>
    /// <exception cref="InvalidInputException">The folder is no run.</exception>
    public static Recipe RecipeOf(RunFiles files)
    {
        ArgumentNullException.ThrowIfNull(files);
        return File.Exists(files.Recipe) ? Recipe.Load(files.Recipe)
            : throw new InvalidInputException($"'{files.Folder}' is no run folder: it has no recipe.yaml; `vlpeft train RECIPE --output FOLDER` makes one.");
    }

    private static void Claim(Recipe recipe, RunFiles files)
    {
        if (File.Exists(files.Folder))
            throw new InvalidInputException($"run folder '{files.Folder}': expected a folder, or a name that is free, but it is a file.");
        string yaml = recipe.ToYaml();
        if (!File.Exists(files.Recipe))
            AtomicFile.WriteText(files.Recipe, yaml);
        else if (File.ReadAllText(files.Recipe) is var there && there != yaml)
            throw new InvalidInputException($"run folder '{files.Folder}' holds a run of another recipe (recipe.yaml: {FirstDifference(there, yaml)}); "
                + "go on with that one, or name another folder.");
    }

    private static string FirstDifference(string there, string here)
    {
        string[] theirs = there.Split('\n', StringSplitOptions.TrimEntries), ours = here.Split('\n', StringSplitOptions.TrimEntries);
        int at = theirs.Zip(ours).TakeWhile(lines => lines.First == lines.Second).Count();
        string Shown(string[] lines) => at < lines.Length && lines[at].Length > 0 ? $"'{lines[at]}'" : "nothing";
        return $"line {at + 1} is {Shown(theirs)} there and {Shown(ours)} here";
    }

    private static string WeightsOf(Recipe recipe, RunFiles files)
    {
        var folder = new RunFolder(files.Folder);
        string path = recipe.Training.Evaluate switch
        {
            CheckpointChoice.BestLoss => folder.Best("loss"),
            CheckpointChoice.BestAccuracy => folder.Best("accuracy"),
            _ => folder.Checkpoint,
        };
        return File.Exists(path) ? path
            : throw new InvalidInputException($"run folder '{files.Folder}' has no {Path.GetFileName(path)} (training.evaluate: {recipe.Training.Evaluate}): the run has not got so far; `vlpeft train` goes on with it.");
    }

    private static TrainerOptions OptionsOf(Recipe recipe)
    {
        TrainingSection training = recipe.Training;
        return new TrainerOptions
        {
            Steps = training.Steps > 0 ? training.Steps : null,
            Epochs = training.Steps > 0 ? null : training.Epochs,
            LearningRate = training.LearningRate,
            Schedule = new ScheduleOptions(
                Enum.Parse<ScheduleShape>(training.Schedule.ToString()),
                training.WarmupSteps > 0 ? Warmup.Steps(training.WarmupSteps) : Warmup.Fraction(training.WarmupFraction)),
            Optimizer = new AdamWOptions
            {
                Form = training.Optimizer == OptimizerKind.Adamw ? AdamWForm.Torch : AdamWForm.Transformers,
                Beta1 = training.Beta1,
                Beta2 = training.Beta2,
                Epsilon = training.Epsilon,
                WeightDecay = training.WeightDecay,
            },
            Accumulation = training.Accumulate,
            ClipNorm = training.ClipNorm > 0 ? training.ClipNorm : null,
            Validation = training.ValidateEvery > 0 ? Cadence.Steps(training.ValidateEvery) : Cadence.Epochs(1),
            EarlyStopping = training.Patience > 0 ? new EarlyStopping(training.Evaluate == CheckpointChoice.BestLoss ? "loss" : "accuracy", training.Patience) : null,
            CheckpointSteps = training.CheckpointEvery > 0 ? training.CheckpointEvery : null,
            LogEvery = training.LogEvery,
            Seed = recipe.Seed,
            Identity = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(recipe.ToYaml())))[..16],
        };
    }

    /// <summary>What others can use of a run: the adapter in PEFT's layout, trained backbones as Hugging Face folders, the outcome last.</summary>
    private static void Export(VqaExperiment experiment, RunFiles files, TrainingOutcome outcome)
    {
        TrainedParameters.Load(WeightsOf(experiment.Recipe, files), experiment.System.TrainableParameters);
        experiment.System.Eval();
        if (experiment.System.Peft is { } peft)
            PeftFolder.Save(peft, files.Adapter, HubFolder.BackbonePrefix(experiment.Recipe.Text.Model!), experiment.Recipe.Text.Model);
        VqaBackbones backbones = experiment.System.Backbones;
        if (experiment.Recipe.Vision.Train)
            HubFolder.Save(backbones.Vision!.Module, backbones.Vision.ConfigJson, files.Vision, experiment.Recipe.Vision.Model);
        if (experiment.Recipe.Peft.Method == PeftMethod.Full)
            HubFolder.Save(backbones.Text.Module, backbones.Text.ConfigJson, files.Text,
                File.Exists(files.Tokenizer) ? Path.GetDirectoryName(files.Tokenizer) : experiment.Recipe.Text.Model);
        AtomicFile.WriteText(files.Outcome, JsonSerializer.Serialize(new
        {
            status = outcome.Status.ToString(),
            steps = outcome.Steps,
            total_steps = outcome.TotalSteps,
            trainable_parameters = experiment.System.TrainableParameters.Sum(one => one.Parameter.numel()),
            best = outcome.Best,
        }, Indented) + "\n");
    }
}
