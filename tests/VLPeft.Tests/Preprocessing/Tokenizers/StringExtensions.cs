
namespace VLPeft.Tests.Preprocessing;

internal static class StringExtensions
{
    /// <summary>Half surrogate pairs, which have no UTF-8, replaced.</summary>
    public static string ToWellFormed(this string text) => string.Concat(text.EnumerateRunes());
}
