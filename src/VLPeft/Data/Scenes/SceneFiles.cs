using System.Text.Json.Serialization;

namespace VLPeft.Data.Scenes;

// The files' JSON, property by property as written (in snake case). The first four are VQAv2's own, the next COCO's.

internal sealed record VqaFileInfo(string Description, string Version);

internal sealed record VqaQuestionsFile(
    VqaFileInfo Info, string TaskType, string DataType, string DataSubtype, VqaLicense License, IReadOnlyList<VqaQuestionRow> Questions);

internal sealed record VqaLicense(string Name, string Url);

internal sealed record VqaQuestionRow(long ImageId, string Question, long QuestionId);

internal sealed record VqaAnnotationsFile(
    VqaFileInfo Info, string DataType, string DataSubtype, VqaLicense License, IReadOnlyList<VqaAnnotationRow> Annotations);

internal sealed record VqaAnnotationRow(
    string QuestionType, string MultipleChoiceAnswer, IReadOnlyList<VqaAnswerRow> Answers, long ImageId, string AnswerType,
    long QuestionId);

internal sealed record VqaAnswerRow(string Answer, string AnswerConfidence, int AnswerId);

internal sealed record CocoCaptionsFile(
    VqaFileInfo Info, IReadOnlyList<VqaLicense> Licenses, IReadOnlyList<CocoImageRow> Images, IReadOnlyList<CocoCaptionRow> Annotations);

internal sealed record CocoImageRow(long Id, string FileName, int Width, int Height);

internal sealed record CocoCaptionRow(long ImageId, long Id, string Caption);

// GQA's, and VL-T5's for NLVR2.

internal sealed record GqaRow(
    [property: JsonPropertyName("imageId")] string ImageId, string Question, string Answer, [property: JsonPropertyName("isBalanced")] bool IsBalanced,
    GqaTypes Types);

internal sealed record GqaTypes(string Structural);

internal sealed record NlvrRow(string Identifier, string Img0, string Img1, int Label, string Sent, string Uid);

// scenes.json: what each picture shows, and the true answers.

internal sealed record SceneRow(
    long ImageId, string Split, string Background, IReadOnlyList<SceneObjectRow> Objects, IReadOnlyList<SceneTruthRow> Questions);

/// <summary>Jitter to the right and downwards in 1/16 pixel.</summary>
internal sealed record SceneObjectRow(string Position, string Shape, string Color, string Size, int[] Jitter);

internal sealed record SceneTruthRow(long QuestionId, string Type, string Answer);

// dataset.json.

/// <summary>What decides the content: the generator, its version and the options.</summary>
internal sealed record SceneRecipe(string Generator, int Version, SceneOptions Options);

/// <summary>A finished data set: its recipe and what is there.</summary>
internal sealed record SceneManifest(SceneRecipe Recipe, IReadOnlyDictionary<string, SceneSplitCounts> Splits);
