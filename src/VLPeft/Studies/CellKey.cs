using System.IO.Hashing;
using System.Text;
using TorchSharp;
using VLPeft.Data.Features;
using VLPeft.Recipes;

namespace VLPeft.Studies;

/// <summary>
/// What a run's result depends on, as one name: the resolved recipe, the weights of the models that it starts from, and this code. Equal names
/// mean equal results, so a result is used again under its name and under no other.
/// </summary>
public static class CellKey
{
    /// <summary>The version of the code that trains and scores: this library's build and libtorch's.</summary>
    public static string CodeVersion { get; } = $"{typeof(CellKey).Module.ModuleVersionId:N}-{torch.__version__}";

    /// <summary>The name: 32 hexadecimal digits.</summary>
    /// <param name="recipe">The resolved recipe; what it is called does not count.</param>
    /// <exception cref="InvalidInputException">Weights that the recipe names are missing.</exception>
    public static string Of(Recipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        var hash = new XxHash128();
        void Add(string text) => hash.Append(Encoding.UTF8.GetBytes($"{text}\0"));
        Add((recipe with { Name = "", Description = "" }).ToYaml());
        Add(CodeVersion);
        foreach (string? model in new[] { recipe.Vision.Model, recipe.Text.Model })
            if (model is not null && Directory.Exists(model))
                Add(WeightsFingerprint.OfFolder(model));
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }
}
