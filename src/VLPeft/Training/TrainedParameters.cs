using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Checkpoints;
using static TorchSharp.torch;

namespace VLPeft.Training;

/// <summary>The trainable parameters in a run's files: <c>best-METRIC.safetensors</c> and <c>checkpoint.safetensors</c>.</summary>
public static class TrainedParameters
{
    internal const string CheckpointPrefix = "parameter/";

    /// <summary>Copies the parameters saved in a run's file, a best one or the checkpoint, into a model.</summary>
    /// <param name="path">The file.</param>
    /// <param name="parameters">The model's trainable parameters; the file must hold exactly these.</param>
    /// <exception cref="InvalidInputException">The file can't be read, or its parameters are others: the message lists them.</exception>
    public static void Load(string path, IReadOnlyList<(string Name, Parameter Parameter)> parameters)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Load(file, parameters, TrainingCheckpoint.IsOne(file) ? CheckpointPrefix : "");
    }

    internal static void Load(SafetensorsFile file, IReadOnlyList<(string Name, Parameter Parameter)> parameters, string prefix)
    {
        Check(file, parameters, prefix);
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach ((string name, Parameter parameter) in parameters)
            parameter.copy_(file.Read(prefix + name));
    }

    private static void Check(SafetensorsFile file, IReadOnlyList<(string Name, Parameter Parameter)> parameters, string prefix)
    {
        string[] saved =
            [.. file.Names.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)).Select(name => name[prefix.Length..])];
        string[] missing = [.. parameters.Select(item => item.Name).Except(saved)];
        string[] extra = [.. saved.Except(parameters.Select(item => item.Name))];
        string[] other = missing.Length > 0 ? [] : [.. parameters.Where(item => !Fits(item.Name, item.Parameter)).Select(Describe)];
        string[] problems =
        [
            .. missing.Length > 0 ? [$"the file lacks {string.Join(", ", missing)}"] : Array.Empty<string>(),
            .. extra.Length > 0 ? [$"the model does not train {string.Join(", ", extra)}"] : Array.Empty<string>(),
            .. other,
        ];
        if (problems.Length > 0)
            throw new InvalidInputException(
                $"The parameters in '{file.Description}' are not those of this model: {string.Join("; ", problems)}.");

        bool Fits(string name, Parameter parameter) =>
            file.Entry(prefix + name) is var entry && entry.Dtype == parameter.dtype && entry.Shape.SequenceEqual(parameter.shape);

        string Describe((string Name, Parameter Parameter) item) =>
            $"{item.Name} is {file.Entry(prefix + item.Name).Dtype} [{string.Join(", ", file.Entry(prefix + item.Name).Shape)}] there, " +
            $"{item.Parameter.dtype} [{string.Join(", ", item.Parameter.shape)}] here";
    }
}
