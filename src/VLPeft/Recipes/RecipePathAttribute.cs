namespace VLPeft.Recipes;

/// <summary>
/// Marks a recipe value that is a file or folder: a relative one is meant relative to the recipe or study file it stands in (to the
/// current folder for <c>--set</c>), and <c>${NAME}</c> or <c>${NAME:-default}</c> takes the environment's value.
/// </summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RecipePathAttribute : Attribute;
