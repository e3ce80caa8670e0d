using VLPeft.Data;

namespace VLPeft.Evaluation.Captions;

/// <summary>Predictions and references put together.</summary>
public static class CaptionExamples
{
    /// <summary>Reads both files; the pictures come in the order of the references.</summary>
    /// <param name="predictions">As <see cref="CaptionResultFile"/> takes it.</param>
    /// <param name="references">As <see cref="CaptionReferenceFile"/> takes it.</param>
    /// <exception cref="InvalidInputException">A file is not right, or the pictures of the two are not the same.</exception>
    public static IReadOnlyList<CaptionExample> Read(string predictions, string references)
    {
        IReadOnlyDictionary<string, string> captions = CaptionResultFile.Read(predictions);
        IReadOnlyDictionary<string, IReadOnlyList<string>> wanted = CaptionReferenceFile.Read(references);
        Refuse(predictions, $"pictures of {references} have no caption", wanted.Keys.Where(id => !captions.ContainsKey(id)), wanted.Count);
        Refuse(
            predictions, $"captions are of pictures that {references} does not have",
            captions.Keys.Where(id => !wanted.ContainsKey(id)), captions.Count);
        return [.. wanted.Select(image => new CaptionExample(image.Key, captions[image.Key], image.Value))];
    }

    private static void Refuse(string path, string what, IEnumerable<string> ids, int all)
    {
        string[] bad = [.. ids];
        if (bad.Length > 0)
        {
            throw new InvalidInputException(
                $"{path}: expected exactly one caption for each picture, but {bad.Length} of {all} {what}: image_id {IdList.First(bad)}.");
        }
    }
}
