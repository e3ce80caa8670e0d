using System.Text.Json;

namespace VLPeft.Data;

/// <summary>
/// Reads VQAv2's own files, <c>v2_OpenEnded_mscoco_train2014_questions.json</c> and <c>v2_mscoco_train2014_annotations.json</c>, and any
/// data set in their form. Both are streamed; equal texts are kept once.
/// </summary>
public static class VqaV2Reader
{
    private readonly record struct Question(long Id, long ImageId, string Text);

    private readonly record struct Annotation(
        long QuestionId, long ImageId, string QuestionType, string AnswerType, string MultipleChoice, string[] Answers);

    /// <summary>Reads a split; the examples come in the order of the questions.</summary>
    /// <param name="questionsPath"><c>{"questions": [{"question_id", "image_id", "question"}]}</c>; other keys are passed over.</param>
    /// <param name="annotationsPath">
    /// <c>{"annotations": [{"question_id", "image_id", "answers": [{"answer"}], "question_type", "answer_type",
    /// "multiple_choice_answer"}]}</c>, the last three optional; null for a test split, whose examples then have no answers.
    /// </param>
    /// <exception cref="InvalidInputException">
    /// A file is missing, damaged or of another shape; a question is empty or stands twice; there is no question at all; a question has
    /// no annotation or two, an annotation has no question, or the two name different pictures.
    /// </exception>
    public static IReadOnlyList<VqaExample> Read(string questionsPath, string? annotationsPath = null)
    {
        var pool = new TextPool();
        var rowOf = new Dictionary<long, int>();
        List<Question> questions = ReadQuestions(questionsPath, pool, rowOf);
        var examples = new VqaExample[questions.Count];
        if (annotationsPath is null)
        {
            for (int row = 0; row < examples.Length; row++)
                examples[row] = new VqaExample(questions[row].Id, questions[row].ImageId, questions[row].Text, "", "", []);
            return examples;
        }

        var scratch = new List<string>();
        JsonRecords.ForEach(annotationsPath, "annotations", "annotation", (ref record, where) =>
        {
            Annotation annotation = ReadAnnotation(ref record, where, pool, scratch);
            if (!rowOf.TryGetValue(annotation.QuestionId, out int row))
            {
                throw where.Error(
                    $"expected a question with this id in {questionsPath}, found none; do they belong together?", annotation.QuestionId);
            }
            Question question = questions[row];
            if (examples[row] is not null)
                throw where.Error("expected one annotation a question, this is the second.", annotation.QuestionId);
            if (question.ImageId != annotation.ImageId)
                throw where.Error($"image_id is {annotation.ImageId}, but {question.ImageId} in {questionsPath}.", annotation.QuestionId);
            examples[row] = Join(question, annotation);
        });
        RequireAnnotations(questions, examples, annotationsPath);
        return examples;
    }

    private static VqaExample Join(Question question, Annotation annotation) =>
        new(question.Id, question.ImageId, question.Text, annotation.QuestionType, annotation.AnswerType, annotation.Answers)
        {
            MultipleChoiceAnswer = annotation.MultipleChoice,
        };

    private static void RequireAnnotations(List<Question> questions, VqaExample[] examples, string annotationsPath)
    {
        long[] without = [.. questions.Where((_, row) => examples[row] is null).Select(question => question.Id)];
        if (without.Length > 0)
        {
            throw new InvalidInputException(
                $"{annotationsPath}: expected an annotation for each of {questions.Count} questions, found none for {without.Length}: " +
                $"question_id {IdList.First(without)}.");
        }
    }

    private static List<Question> ReadQuestions(string path, TextPool pool, Dictionary<long, int> rowOf)
    {
        List<Question> questions = [];
        JsonRecords.ForEach(path, "questions", "question", (ref record, where) =>
        {
            Question question = ReadQuestion(ref record, where, pool);
            if (!rowOf.TryAdd(question.Id, questions.Count))
                throw where.Error($"this id came already as number {rowOf[question.Id] + 1}; ids must be unique.", question.Id);
            questions.Add(question);
        });
        return questions.Count > 0 ? questions : throw new InvalidInputException($"{path}: expected at least one question, found none.");
    }

    private static Question ReadQuestion(ref Utf8JsonReader record, JsonRecord where, TextPool pool)
    {
        long? id = null, image = null;
        string? text = null;
        record.Read();
        where.Expect(in record, JsonTokenType.StartObject, "with question_id, image_id and question");
        while (record.Read() && record.TokenType == JsonTokenType.PropertyName)
        {
            if (record.ValueTextEquals("question_id"u8))
                id = where.Integer(ref record, "question_id");
            else if (record.ValueTextEquals("image_id"u8))
                image = where.Integer(ref record, "image_id", id);
            else if (record.ValueTextEquals("question"u8))
                text = where.Text(ref record, "question", pool, id);
            else
                record.Skip();
        }
        if (text is not null && string.IsNullOrWhiteSpace(text))
            throw where.Error("the question is empty.", id);
        return new Question(
            id ?? throw Missing(where, "question_id", id),
            image ?? throw Missing(where, "image_id", id),
            text ?? throw Missing(where, "question", id));
    }

    private static Annotation ReadAnnotation(ref Utf8JsonReader record, JsonRecord where, TextPool pool, List<string> scratch)
    {
        long? id = null, image = null;
        string questionType = "", answerType = "", multipleChoice = "";
        string[]? answers = null;
        record.Read();
        where.Expect(in record, JsonTokenType.StartObject, "with question_id, image_id and answers");
        while (record.Read() && record.TokenType == JsonTokenType.PropertyName)
        {
            if (record.ValueTextEquals("question_id"u8))
                id = where.Integer(ref record, "question_id");
            else if (record.ValueTextEquals("image_id"u8))
                image = where.Integer(ref record, "image_id", id);
            else if (record.ValueTextEquals("answers"u8))
                answers = ReadAnswers(ref record, where, pool, id, scratch);
            else if (record.ValueTextEquals("question_type"u8))
                questionType = where.Text(ref record, "question_type", pool, id);
            else if (record.ValueTextEquals("answer_type"u8))
                answerType = where.Text(ref record, "answer_type", pool, id);
            else if (record.ValueTextEquals("multiple_choice_answer"u8))
                multipleChoice = where.Text(ref record, "multiple_choice_answer", pool, id);
            else
                record.Skip();
        }
        return new Annotation(
            id ?? throw Missing(where, "question_id", id),
            image ?? throw Missing(where, "image_id", id),
            questionType, answerType, multipleChoice,
            answers ?? throw Missing(where, "answers", id));
    }

    private static string[] ReadAnswers(ref Utf8JsonReader record, JsonRecord where, TextPool pool, long? id, List<string> answers)
    {
        answers.Clear();
        record.Read();
        where.Expect(in record, JsonTokenType.StartArray, "as \"answers\"", id);
        while (record.Read() && record.TokenType != JsonTokenType.EndArray)
        {
            where.Expect(in record, JsonTokenType.StartObject, "with the key answer as an element of \"answers\"", id);
            string? answer = null;
            while (record.Read() && record.TokenType == JsonTokenType.PropertyName)
            {
                if (record.ValueTextEquals("answer"u8))
                    answer = where.Text(ref record, "answer", pool, id);
                else
                    record.Skip();
            }
            answers.Add(answer ?? throw Missing(where, "answer", id));
        }
        return answers.Count > 0 ? [.. answers] : throw where.Error("expected at least one answer in \"answers\", found none.", id);
    }

    private static InvalidInputException Missing(JsonRecord where, string key, long? id) =>
        where.Error($"expected the key \"{key}\", which is missing.", id);
}
