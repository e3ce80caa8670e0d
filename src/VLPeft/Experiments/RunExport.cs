using System.Text.Json;
using TorchSharp.Modules;
using VLPeft.Checkpoints;
using VLPeft.Models;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.Training;
using static TorchSharp.torch;

namespace VLPeft.Experiments;

/// <summary>What others can use of a run: the adapter in PEFT's layout, trained backbones as Hugging Face folders, the outcome last.</summary>
/// <param name="Peft">The bottlenecks; null without any.</param>
/// <param name="Text">The language model.</param>
/// <param name="TextConfig">Its config.json.</param>
/// <param name="Vision">The vision encoder; null without one.</param>
/// <param name="Trainable">All that trains.</param>
internal sealed record RunExport(
    PeftModel? Peft, nn.Module Text, string TextConfig, VisionBackbone? Vision, IReadOnlyList<(string Name, Parameter Parameter)> Trainable)
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>What the language model is called in the model that its checkpoint is of, such as "roberta."; nothing where its names say it.</summary>
    public string AdapterPrefix { get; init; } = "";

    /// <summary>Loads the weights that the recipe chooses and writes everything; the model is to be in evaluation mode.</summary>
    public void Write(Recipe recipe, RunFiles files, TrainingOutcome outcome)
    {
        TrainedParameters.Load(files.WeightsOf(recipe), Trainable);
        if (Peft is not null)
            PeftFolder.Save(Peft, files.Adapter, AdapterPrefix, recipe.Text.Model);
        if (recipe.Vision.Train)
            HubFolder.Save(Vision!.Encoder.Module, Vision.Encoder.ConfigJson, files.Vision, recipe.Vision.Model);
        if (recipe.Peft.Method == PeftMethod.Full)
            HubFolder.Save(Text, TextConfig, files.Text, File.Exists(files.Tokenizer) ? Path.GetDirectoryName(files.Tokenizer) : recipe.Text.Model);
        AtomicFile.WriteText(files.Outcome, JsonSerializer.Serialize(new
        {
            status = outcome.Status.ToString(),
            steps = outcome.Steps,
            total_steps = outcome.TotalSteps,
            trainable_parameters = Trainable.Sum(one => one.Parameter.numel()),
            best = outcome.Best,
        }, Indented) + "\n");
    }
}
