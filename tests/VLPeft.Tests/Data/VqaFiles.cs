using System.Text.Json;

namespace VLPeft.Tests.Data;

/// <summary>A folder of small files, gone with the test.</summary>
internal sealed class VqaFiles : IDisposable
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("vlpeft-").FullName;

    public string Path(params string[] parts) => System.IO.Path.Combine([Folder, .. parts]);

    public string Write(string name, string content)
    {
        string path = Path(name);
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>A questions file of (id, image, text).</summary>
    public string Questions(params (long Id, long Image, string Text)[] questions) => Write("questions.json", JsonSerializer.Serialize(new
    {
        info = new { year = 2017 },
        questions = questions.Select(question => new { image_id = question.Image, question = question.Text, question_id = question.Id }),
    }));

    /// <summary>An annotations file of (id, image, answers).</summary>
    public string Annotations(params (long Id, long Image, string[] Answers)[] annotations) =>
        Write("annotations.json", JsonSerializer.Serialize(new
        {
            annotations = annotations.Select(annotation => new
            {
                question_type = "what",
                multiple_choice_answer = annotation.Answers.FirstOrDefault() ?? "",
                answers = annotation.Answers.Select((answer, index) => new { answer, answer_confidence = "yes", answer_id = index + 1 }),
                image_id = annotation.Image,
                answer_type = "other",
                question_id = annotation.Id,
            }),
            license = new { name = "none" },
        }));

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
