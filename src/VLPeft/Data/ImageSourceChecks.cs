namespace VLPeft.Data;

/// <summary>Checks of an image source against a whole split, before hours of work are spent on it.</summary>
public static class ImageSourceChecks
{
    /// <summary>Makes sure that every picture of a split is there.</summary>
    /// <exception cref="InvalidInputException">
    /// Some are not: the message counts them, names the first ten ids and says where the first was looked for.
    /// </exception>
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
                $"{missing.Count} of {pictures} pictures can't be found: {IdList.First(missing, 10)}. The first: {first.Message}", first);
        }
    }
}
