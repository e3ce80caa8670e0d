using VLPeft.Data.Scenes;
using VLPeft.Tests.Preprocessing.Images;
using Xunit;

namespace VLPeft.Tests.Cli;

/// <summary>What a user gets wrong is refused with exit code 2 and one paragraph: which file or option, what was expected, what came.</summary>
public sealed class BadInputTests(TinyWorld world) : IClassFixture<TinyWorld>
{
    [Theory]
    [InlineData("trian|x", "unknown command 'trian'", "'train'")]
    [InlineData("recipes|shwo", "unknown command 'shwo'", "'show'")]
    [InlineData("recipes", "a command is missing", "list, show")]
    [InlineData("train", "the recipe is missing", "recipe file")]
    [InlineData("train|a|b", "'b' is one argument too many")]
    [InlineData("train|--sede|3", "unknown option '--sede'", "'--seed'")]
    [InlineData("train|demo/none|--seed|x", "--seed: expected a whole number, got 'x'")]
    [InlineData("train|demo/none|--output", "--output: expected a value, got nothing")]
    [InlineData("evaluate|run|--splt|test", "unknown option '--splt'", "'--split'")]
    [InlineData("evaluate|run|--split|dev", "--split: expected one of train, validation, test, got 'dev'")]
    [InlineData("predict|run|--image|x.png", "is no run folder")]
    [InlineData("inspect|demo/none|--answers|many", "--answers: expected a whole number, got 'many'")]
    [InlineData("data|make-scenes|d|--train|0", "--train: expected 1 to 1,000,000 pictures, got 0")]
    [InlineData("data|make-scenes|d|--questions|13", "--questions: expected 1 to 12, got 13")]
    [InlineData("data|make-scenes|d|--seed|-1", "--seed: expected 0 or more, got -1")]
    [InlineData("train|demo/none|--plugin|no.dll", "--plugin no.dll", "no such file")]
    public void TheCommandLineIsChecked(string line, params string[] words) => CommandLine.Refused(line.Split('|'), words);

    [Theory]
    [InlineData("train")]
    [InlineData("inspect")]
    [InlineData("features")]
    public void ARecipeThatDoesNotExistIsShownAsItWasTyped(string command)
    {
        CommandLine.Refused([command, "demo/multipli"], "'demo/multipli'", "did you mean 'demo/multiply'?");
        CommandLine.Refused([command, "../not-there.yaml"], "'../not-there.yaml'", "vlpeft recipes list");
    }

    [Theory]
    [InlineData("training.batchsize=3", "training.batchsize", "'batch-size'")]
    [InlineData("peft.routing=multiplly", "peft.routing", "'multiplly'", "multiply")]
    [InlineData("peft.rank=many", "peft.rank: expected a whole number, got 'many'")]
    [InlineData("peft.method=full", "peft.routing", "'multiply'", "full")]
    [InlineData("peft.residual=true", "peft.residual", "goes with adapter")]
    [InlineData("text.max-length=40", "text.max-length", "40 tokens", "20 positions")]
    [InlineData("text.max-length=20", "text.max-length", "20 tokens and 1 of the prefix", "20 positions")]
    [InlineData("peft.targets=[qeury]", "qeury")]
    [InlineData("peft.layers=[7]", "7")]
    [InlineData("peft.targets=[embeddings]", "embeddings")]
    [InlineData("peft.targets-regex='('", "(")]
    [InlineData("routing-feature.source=patches", "peft.routing", "'multiply'", "routing-feature.source", "pooled")]
    [InlineData("peft.bottleneck=split-merge-residual", "peft.bottleneck", "8 or more, got 4")]
    [InlineData("data.scenes.seed=-1", "data.scenes.seed", "-1")]
    [InlineData("data.scenes.train-images=0", "data.scenes.train-images", "0")]
    [InlineData("vision.processor=resnet", "resnet")]
    public void SettingsThatDoNotFitAreNamed(string setting, params string[] words) =>
        CommandLine.Refused(["train", world.Recipe, "-o", world.New(), "--set", setting], words);

    [Fact]
    public void AnUnknownKeyInTheFileIsNamedWithItsLine()
    {
        string recipe = world.Changed(world.Recipe, "learning-rate:", "lerning-rate:");
        CommandLine.Refused(["train", recipe], recipe, "line 10", "lerning-rate", "'learning-rate'");
    }

    [Fact]
    public void AFolderThatIsNoModelIsNamed()
    {
        string empty = world.New("empty");
        Directory.CreateDirectory(empty);
        Train("text.model", "/not/there").Refused("/not/there");
        Train("text.model", empty).Refused(empty, "tokenizer.json");
        Train("vision.model", empty).Refused(empty, "config.json");

        string withoutConfig = world.Copy(world.Text), withoutWeights = world.Copy(world.Text), withoutTokenizer = world.Copy(world.Text);
        File.Delete(Path.Combine(withoutConfig, "config.json"));
        File.Delete(Path.Combine(withoutWeights, "model.safetensors"));
        File.Delete(Path.Combine(withoutTokenizer, "tokenizer.json"));
        Train("text.model", withoutConfig).Refused(withoutConfig, "config.json");
        Train("text.model", withoutWeights).Refused(withoutWeights, "model.safetensors");
        Train("text.model", withoutTokenizer).Refused(withoutTokenizer, "tokenizer.json");
        Train("text.model", world.Vision).Refused(world.Vision, "tokenizer.json");
        string mistaken = world.Copy(world.Vision);
        File.Copy(Path.Combine(world.Text, "tokenizer.json"), Path.Combine(mistaken, "tokenizer.json"));
        Train("text.model", mistaken).Refused(mistaken, "vit", "roberta");
        Train("vision.model", world.Text).Refused(world.Text, "roberta", "vit");
    }

    [Fact]
    public void WeightsThatAreNotTheConfigurationsAreNamed()
    {
        string text = world.Copy(world.Text), vision = world.Copy(world.Vision);
        File.Copy(Path.Combine(world.NewText(32), "model.safetensors"), Path.Combine(text, "model.safetensors"), overwrite: true);
        File.Copy(Path.Combine(world.NewVision(24), "model.safetensors"), Path.Combine(vision, "model.safetensors"), overwrite: true);
        Train("text.model", text).Refused(text, "embeddings.word_embeddings.weight", "32", "16");
        Train("vision.model", vision).Refused(vision, "embeddings.cls_token", "24", "16");
        Train("vision.model", world.NewVision(24)).Refused("routing-feature.projection", "24", "16");

        string cut = world.Copy(world.Text);
        string file = Path.Combine(cut, "model.safetensors");
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^100]);
        Train("text.model", cut).Refused(file);
    }

    [Fact]
    public void ATokenizerOfAnotherModelIsNamed()
    {
        string words = world.Copy(world.Text), padding = world.Copy(world.Text);
        VLPeft.Preprocessing.WordLevelTokenizer.Build([.. SceneVocabulary.Words, "zebra", "giraffe"]).Save(Path.Combine(words, "tokenizer.json"));
        Rewrite(padding, "config.json", "\"pad_token_id\": 1", "\"pad_token_id\": 0");
        Train("text.model", words).Refused(words, "tokenizer");
        Train("text.model", padding).Refused(padding, "pads with 1", "0");
    }

    [Fact]
    public void AnImageProcessorOfAnotherSizeIsNamed()
    {
        string vision = world.Copy(world.Vision);
        Rewrite(vision, "preprocessor_config.json", "\"height\": 32, \"width\": 32", "\"height\": 64, \"width\": 64");
        Train("vision.model", vision).Refused(vision, "64×64", "32×32");
        File.Delete(Path.Combine(vision, "preprocessor_config.json"));
        Train("vision.model", vision).Refused(vision, "preprocessor_config.json");
    }

    [Fact]
    public void BrokenQuestionsAndAnnotationsAreNamed()
    {
        string questions = world.Paths(SceneSplit.Train).Questions, annotations = world.Paths(SceneSplit.Train).Annotations;
        long[] ids = [.. VLPeft.Data.VqaV2Reader.Read(questions).Take(2).Select(example => example.QuestionId)];
        string first = $"\"question_id\":{ids[0]}", second = $"\"question_id\":{ids[1]}";

        string missing = world.Changed(questions, first, "\"question_id\":777777");
        TrainFiles("data.train.questions", missing).Refused(annotations, $"{ids[0]}", missing);
        string twice = world.Changed(questions, second, first);
        TrainFiles("data.train.questions", twice).Refused(twice, $"{ids[0]}", "unique");
        string text = VLPeft.Data.VqaV2Reader.Read(questions)[0].Question;
        string empty = world.Changed(questions, $"\"question\":\"{text}\"", "\"question\":\" \"");
        TrainFiles("data.train.questions", empty).Refused(empty, $"{ids[0]}", "the question is empty");
        string cut = world.Changed(questions, "]}", "");
        TrainFiles("data.train.questions", cut).Refused(cut);
        TrainFiles("data.train.annotations", "/not/there.json").Refused("/not/there.json");
        TrainFiles("data.images", "/not/there").Refused("/not/there");
    }

    [Fact]
    public void AMissingPictureAndATruncatedOneAreNamed()
    {
        string images = world.Copy(world.Paths(SceneSplit.Train).Images), other = world.Paths(SceneSplit.Validation).Images;
        string picture = Directory.EnumerateFiles(images).Order().First();
        long id = long.Parse(Path.GetFileNameWithoutExtension(picture));
        string value = $"[{images}, {other}]";

        File.Delete(picture);
        TrainFiles("data.images", value).Refused(images, $"image {id}");
        string jpeg = Path.ChangeExtension(picture, ".jpg");
        byte[] whole = Pictures.Jpeg(40, 30, 90);
        File.WriteAllBytes(jpeg, whole[..(whole.Length / 2)]);
        TrainFiles("data.images", value).Refused(jpeg);
        TrainFiles("data.images", value, "vision.train=true").Refused(jpeg);
        File.WriteAllText(jpeg, "no picture");
        TrainFiles("data.images", value).Refused(jpeg);
    }

    [Fact]
    public void ACacheOfAnotherEncoderIsRefused()
    {
        string cache = world.New("cache"), other = world.NewVision();
        CommandLine.Run("features", world.Recipe, "--set", $"vision.cache={cache}").Expect(0);
        string moved = Directory.GetDirectories(cache).Single();
        CommandLine.Run("features", world.Recipe, "--set", $"vision.cache={cache}", "--set", $"vision.model={other}").Expect(0);
        string right = Directory.GetDirectories(cache).Single(folder => folder != moved);
        Directory.Delete(right, recursive: true);
        Directory.Move(moved, right);
        CommandLine.Refused(["features", world.Recipe, "--set", $"vision.cache={cache}", "--set", $"vision.model={other}"], right, "another encoder");
    }

    [Fact]
    public void WhatARunCannotDoIsSaid()
    {
        string run = world.New();
        CommandLine.Run("train", world.FileRecipe, "-o", run, "--set", "training.steps=2").Expect(0);
        CommandLine.Refused(["evaluate", run, "--split", "test"], "test split", "data.test.questions");
        CommandLine.Refused(["predict", run, "-q", "what is there ?"], "--image");
        CommandLine.Refused(["predict", run, "--image", world.TestImage], "--question");
        CommandLine.Refused(["predict", run, "-q", "what is there ?", "--image", "/not/there.png"], "/not/there.png");
        CommandLine.Refused(["predict", run, "-q", " ", "--image", world.TestImage], "question", "empty");
        CommandLine.Refused(["predict", run, "-q", "?", "--image", world.TestImage, "--top", "0"], "--top", "0");
        CommandLine.Refused(["predict", run, "-q", "?", "--image", world.TestImage, "--image-id", "3"], "--image-id");
        CommandLine.Refused(["predict", run, "-q", "?", "--image", world.Data], world.Data);
        string text = world.New("picture") + ".png";
        File.WriteAllText(text, "this is text");
        CommandLine.Refused(["predict", run, "-q", "?", "--image", text], text);
        CommandLine.Refused(["inspect", run, "--set", "seed=3"], "--set");

        CommandLine.Refused(["train", world.FileRecipe, "-o", run], run, "another recipe");
        CommandLine.Refused(["train", world.FileRecipe, "-o", run, "--set", "training.steps=2", "--seed", "5"], run, "another recipe", "seed");
    }

    [Fact]
    public void AFolderThatIsNoRunIsNamed()
    {
        CommandLine.Refused(["evaluate", world.Data], world.Data, "recipe.yaml");
        CommandLine.Refused(["predict", "/not/there", "-q", "?"], "/not/there", "recipe.yaml");
        string begun = world.New();
        Directory.CreateDirectory(begun);
        File.WriteAllText(Path.Combine(begun, "recipe.yaml"), CommandLine.Run("recipes", "show", world.Recipe).Expect(0).Out);
        CommandLine.Refused(["evaluate", begun], begun, "best-accuracy.safetensors", "vlpeft train");
        CommandLine.Refused(["evaluate", begun, "--json"], begun, "best-accuracy.safetensors");
        string file = world.New("file");
        File.WriteAllText(file, "");
        CommandLine.Refused(["train", world.Recipe, "-o", file], file);
    }

    [Fact]
    public void BrokenWeightsOfARunAreNamed()
    {
        string run = world.New();
        CommandLine.Run("train", world.Recipe, "-o", run, "--set", "training.steps=2").Expect(0);
        string best = Path.Combine(run, "best-accuracy.safetensors");
        File.WriteAllBytes(best, File.ReadAllBytes(best)[..^50]);
        CommandLine.Refused(["evaluate", run], best);
        File.WriteAllText(Path.Combine(run, "answers.json"), "[\"yes\"");
        CommandLine.Refused(["evaluate", run], "answers.json");
    }

    private static void Rewrite(string folder, string name, string what, string by)
    {
        string path = Path.Combine(folder, name), text = File.ReadAllText(path);
        Assert.Contains(what, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(what, by, StringComparison.Ordinal));
    }

    private Attempt Train(string key, string value) => new(["train", world.Recipe, "-o", world.New(), "--set", $"{key}={value}"]);

    private Attempt TrainFiles(string key, string value, string more = "seed=1") =>
        new(["train", world.FileRecipe, "-o", world.New(), "--set", $"{key}={value}", "--set", more]);

    private sealed record Attempt(string[] Args)
    {
        public void Refused(params string[] words) => CommandLine.Refused(Args, words);
    }
}
