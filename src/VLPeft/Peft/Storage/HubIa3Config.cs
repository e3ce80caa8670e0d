using System.Collections.Immutable;
using System.Text.Json;
using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace VLPeft.Peft;

/// <summary>adapter_config.json as Hugging Face PEFT writes it for (IA)³, read strictly.</summary>
internal sealed class HubIa3Config
{
    public const string Type = "IA3";

    private static readonly HashSet<string> Known = ["peft_type", "target_modules", "feedforward_modules", "modules_to_save"];

    // Change nothing in the forward pass of vectors that are in the file.
    private static readonly HashSet<string> Harmless =
        ["auto_mapping", "base_model_name_or_path", "inference_mode", "peft_version", "revision", "task_type", "runtime_config", "fan_in_fan_out", "init_ia3_weights"];

    private readonly ModulePattern _targets;
    private readonly ModulePattern? _feedForward;
    private readonly ImmutableArray<string> _modulesToSave;

    private HubIa3Config(HubConfigReader json)
    {
        json.RequireOff(key => !Known.Contains(key) && !Harmless.Contains(key));
        _targets = Pattern(json, "target_modules") ?? throw json.Bad("target_modules", "a regular expression or a list of module names");
        _feedForward = Pattern(json, "feedforward_modules");
        _modulesToSave = [.. json.Texts("modules_to_save").Distinct()];
    }

    /// <exception cref="InvalidInputException">A key is missing, malformed or not supported: the message names file and key.</exception>
    public static HubIa3Config Read(JsonElement json, string source) => new(new HubConfigReader(json, source));

    /// <summary>The plan for a backbone whose names may differ from the file's by a prefix.</summary>
    public PeftPlan ToPlan(nn.Module backbone, HubPrefixes? prefixes)
    {
        prefixes ??= HubPrefixes.None;
        var names = new PatternTranslation(backbone, prefixes.InFile, prefixes.InModel);
        string[] all = [.. names.ModulesOf(_targets).Select(one => one.Local)];
        string[] inputs = _feedForward is null ? [] : [.. names.ModulesOf(_feedForward).Select(one => one.Local).Intersect(all)];
        string[] outputs = [.. all.Except(inputs)];
        return PeftPlan.OfUnits(
            [
                .. Sites(outputs, onInput: false, all.Length == 0 ? _targets : null), // a pattern that means nothing is named when it is injected
                .. Sites(inputs, onInput: true, null),
            ],
            [.. _modulesToSave.Select(module => ModulePattern.FullMatch($@"(.*\.)?{Regex.Escape(module)}(\..*)?")).Where(names.MeansParameters).Select(names.OfParameters)]);
    }

    private static IEnumerable<UnitSite> Sites(string[] modules, bool onInput, ModulePattern? unmatched)
    {
        if (modules.Length > 0 || unmatched is not null)
            yield return new UnitSite(unmatched ?? PatternTranslation.Exactly(modules), new Ia3Kind(onInput, null));
    }

    private static ModulePattern? Pattern(HubConfigReader json, string key) =>
        json.Kind(key) == JsonValueKind.String ? ModulePattern.FullMatch(json.Text(key))
        : json.Texts(key) is { IsEmpty: false } suffixes ? ModulePattern.Suffixes(suffixes) : null;
}
