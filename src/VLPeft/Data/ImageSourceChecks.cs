namespace VLPeft.Data;

/// <summary>Checks of an image source against a whole split, before hours of work are spent on it.</summary>
public static class ImageSourceChecks
{
    private const int Named = 10;

    /// <summary>Makes sure that every picture of a split is there.</summary>
    /// <exception cref="InvalidInputException">Some are not: the message counts them, names the first ten ids and says where the first was looked for.</exception>
    public static void RequireAll(this IImageSource source, IEnumerable<VqaExample> examples)
    {
        int pictures = 0;
        List<long> missing = [];
        InvalidInputException? first = null;
        foreach (long id in examples.Select(example => example.ImageId).Distinct())
        {
            pictures++;
            try
            {
                source.PathOf(id);
            }
            catch (InvalidInputException e)
            {
                first ??= e;
                missing.Add(id);
            }
        }
        if (first is not null)
        {
            throw new InvalidInputException(
                $"{missing.Count} of {pictures} pictures can't be found: {string.Join(", ", missing.Take(Named))}{(missing.Count > Named ? ", …" : "")}. " +
                $"The first: {first.Message}", first);
        }
    }
}
