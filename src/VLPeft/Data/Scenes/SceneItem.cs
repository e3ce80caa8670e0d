namespace VLPeft.Data.Scenes;

/// <summary>One picture of a data set with all that belongs to it.</summary>
internal sealed record SceneItem(
    long ImageId, Scene Scene, ulong NoiseSeed, IReadOnlyList<SceneAnnotation> Annotations, IReadOnlyList<string> Captions);

/// <summary>A question with its annotators' answers.</summary>
internal sealed record SceneAnnotation(long QuestionId, SceneQuestion Question, string[] Answers);

/// <summary>Makes the items of a data set, picture by picture, without files.</summary>
internal static class SceneItems
{
    /// <summary>The items of a split; ids run on through training, validation and test.</summary>
    public static IEnumerable<SceneItem> Of(SceneOptions options, SceneSplit split)
    {
        long firstId = FirstId(options, split);
        var sampler = new SceneSampler(split);
        for (int i = 0; i < options.ImagesOf(split); i++)
            yield return Make(firstId + i, options, sampler, SceneStreams.Of(options.Seed, (SceneStream)split, i));
    }

    /// <summary>Compositional questions about an item's scene, as many as it has questions at most.</summary>
    public static IReadOnlyList<SceneComposition> Compositions(SceneItem item, SceneOptions options) => SceneCompositions.Draw(
        item.Scene, options.QuestionsPerImage, SceneStreams.Of(options.Seed, SceneStream.Compositions, checked((int)item.ImageId)));

    /// <summary>
    /// Statements about pairs of a split's pictures, two pairs a picture; none in a split of so few pictures that no statement has enough pairs.
    /// </summary>
    public static IEnumerable<(SceneStatement Statement, ScenePair[] Pairs)> Statements(
        IReadOnlyList<Scene> scenes, SceneOptions options, SceneSplit split)
    {
        int first = checked((int)FirstId(options, split));
        for (int set = 0; set < (scenes.Count + 1) / 2; set++)
            if (SceneStatements.DrawSet(scenes, SceneStreams.Of(options.Seed, SceneStream.Statements, first + set)) is { } drawn)
                yield return drawn;
    }

    private static long FirstId(SceneOptions options, SceneSplit split)
    {
        long firstId = 1;
        for (SceneSplit earlier = SceneSplit.Train; earlier < split; earlier++)
            firstId += options.ImagesOf(earlier);
        return firstId;
    }

    private static SceneItem Make(long imageId, SceneOptions options, SceneSampler sampler, SceneRandom random)
    {
        Scene scene = sampler.Draw(random);
        ulong noiseSeed = random.NextBits();
        IReadOnlyList<SceneQuestion> questions = SceneQuestions.Draw(scene, options.QuestionsPerImage, random);
        var annotations = new SceneAnnotation[questions.Count];
        for (int i = 0; i < annotations.Length; i++)
        {
            // VQAv2's ids are the picture's id and a running number, too.
            SceneQuestion question = questions[i];
            string[] answers = SceneAnswers.Annotate(
                question.Answer, question.AnswerKind, options.Annotators, options.AnnotatorConfusion, random);
            annotations[i] = new SceneAnnotation(imageId * 1000 + i, question, answers);
        }
        var captions = new string[options.CaptionsPerImage];
        for (int i = 0; i < captions.Length; i++)
            captions[i] = SceneCaptions.Write(scene, i % options.CaptionStyles);
        return new SceneItem(imageId, scene, noiseSeed, annotations, captions);
    }
}

/// <summary>What a stream of random numbers is for; the first three are those of <see cref="SceneSplit"/>.</summary>
internal enum SceneStream
{
    Train,
    Validation,
    Test,
    PretrainingImages,
    PretrainingTexts,
    Compositions,
    Statements,
}

/// <summary>Independent streams of one seed: an item doesn't depend on how many numbers the items before it took.</summary>
internal static class SceneStreams
{
    public static SceneRandom Of(ulong seed, SceneStream stream, int index) => new(seed, ((ulong)stream << 32) + (uint)index);
}
