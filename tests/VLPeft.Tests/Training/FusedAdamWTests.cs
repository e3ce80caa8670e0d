using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Training;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Training;

public sealed class FusedAdamWTests
{
    private static readonly AdamWOptions Options = new() { Epsilon = 1e-4, WeightDecay = 0.02 };

    // Interleaved on purpose: parameters of one group are not neighbours.
    private static readonly ParameterRule[] Rules = [new("^head", 10, 0.1), new(@"norm|bias$", 1, 0), new("frozen-rate", 0)];

    public FusedAdamWTests() => set_num_threads(1);

    /// <summary>The update written out for one number, in double precision.</summary>
    private sealed class ReferenceAdamW(AdamWForm form, double start, double scale, double decay)
    {
        private double mean, square;
        private int t;

        public double Value { get; private set; } = start;

        public void Step(double gradient, double learningRate)
        {
            t++;
            double lr = learningRate * scale;
            mean = Options.Beta1 * mean + (1 - Options.Beta1) * gradient;
            square = Options.Beta2 * square + (1 - Options.Beta2) * gradient * gradient;
            double correction1 = 1 - Math.Pow(Options.Beta1, t), correction2 = 1 - Math.Pow(Options.Beta2, t);
            if (form == AdamWForm.Torch)
            {
                Value *= 1 - lr * decay;
                Value -= lr * (mean / correction1) / (Math.Sqrt(square / correction2) + Options.Epsilon);
            }
            else
            {
                Value -= lr * Math.Sqrt(correction2) / correction1 * mean / (Math.Sqrt(square) + Options.Epsilon);
                Value -= lr * decay * Value;
            }
        }
    }

    [Theory]
    [InlineData(AdamWForm.Torch)]
    [InlineData(AdamWForm.Transformers)]
    public void Follows_the_formula_with_groups_and_decay(AdamWForm form)
    {
        using var scope = NewDisposeScope();
        var random = new Random(3);
        (string Name, int Size, double Scale, double Decay)[] settings =
        [
            ("head.weight", 7, 10, 0.1), ("body.weight", 33, 1, 0.02), ("body.bias", 3, 1, 0), ("head.bias", 2, 10, 0.1),
            ("norm", 16, 1, 0), ("frozen-rate", 1, 0, 0.02),
        ];
        (string, Parameter Parameter)[] parameters =
            [.. settings.Select(item => (item.Name, new Parameter(tensor(Numbers(random, item.Size)))))];
        ReferenceAdamW[][] reference = [.. settings.Select((item, i) => parameters[i].Parameter.data<double>().ToArray()
            .Select(value => new ReferenceAdamW(form, value, item.Scale, item.Decay)).ToArray())];

        using var optimizer = new FusedAdamW(parameters, Options with { Form = form }, Rules);
        for (int step = 0; step < 40; step++)
        {
            double learningRate = 0.01 * Math.Min(step / 5.0, 1);
            optimizer.ZeroGradients();
            Tensor loss = zeros([], float64);
            for (int i = 0; i < settings.Length; i++)
            {
                // Gradients from 1e-6 to 1: where the two forms part and where they don't.
                double[] gradient = [.. Numbers(random, settings[i].Size).Select((value, k) => value * Math.Pow(10, -(k % 7)))];
                loss = loss.Plus((parameters[i].Parameter * tensor(gradient)).sum());
                foreach ((ReferenceAdamW number, double value) in reference[i].Zip(gradient))
                    number.Step(value, learningRate);
            }
            loss.backward();
            optimizer.Step(learningRate);
        }

        Assert.Equal(40, optimizer.StepCount);
        for (int i = 0; i < settings.Length; i++)
        {
            foreach ((double actual, ReferenceAdamW expected) in parameters[i].Parameter.data<double>().ToArray().Zip(reference[i]))
                Assert.Equal(expected.Value, actual, 1e-12);
        }
    }

    [Fact]
    public void The_two_forms_differ_for_small_gradients()
    {
        Assert.True(Math.Abs(After(AdamWForm.Torch) - After(AdamWForm.Transformers)) > 1e-3);

        static double After(AdamWForm form)
        {
            var parameter = new Parameter(ones(1));
            using var optimizer = new FusedAdamW([("p", parameter)], new AdamWOptions { Form = form, Epsilon = 1e-6 });
            parameter.Times(1e-6).sum().backward();
            optimizer.Step(0.01);
            return parameter.item<float>();
        }
    }

    [Fact]
    public void Clips_as_torch_does()
    {
        using var scope = NewDisposeScope();
        foreach (double limit in new[] { 0.1, 1e6 })
        {
            Parameter[] mine = [new(randn(4, 5)), new(randn(1)), new(randn(40))];
            Parameter[] theirs = [.. mine.Select(parameter => new Parameter(parameter.detach().clone()))];
            using var optimizer = new FusedAdamW([.. mine.Select((parameter, i) => ($"{i}", parameter))], Options);
            mine.Select(parameter => parameter.pow(Scalars.Of(3)).sum()).Aggregate((a, b) => a.Plus(b)).backward();
            theirs.Select(parameter => parameter.pow(Scalars.Of(3)).sum()).Aggregate((a, b) => a.Plus(b)).backward();

            double norm = optimizer.ClipGradientNorm(limit).ToDouble();

            Assert.Equal(nn.utils.clip_grad_norm_(theirs, limit, 2), norm, 1e-5 * norm);
            foreach ((Parameter a, Parameter b) in mine.Zip(theirs))
                Assert.True(allclose(a.grad!, b.grad!, 1e-6, 1e-12));
        }
    }

    [Fact]
    public void The_norm_of_many_numbers_keeps_its_digits()
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(zeros(5_000_003));
        using var optimizer = new FusedAdamW([("p", parameter)], Options);
        Tensor gradient = rand(parameter.shape);
        (parameter * gradient).sum().backward();

        Assert.Equal(1, optimizer.GradientNorm().ToDouble() / gradient.to(float64).norm().ToDouble(), 1e-6);
    }

    [Fact]
    public void Gradients_accumulate_scale_and_reset()
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(tensor(new[] { 1f, -2f }));
        using var optimizer = new FusedAdamW([("p", parameter)], Options);
        parameter.sum().backward();
        optimizer.ZeroGradients();                                      // before the gradients are bound
        for (int i = 0; i < 2; i++)
        {
            parameter.sum().backward();
            parameter.Times(3).sum().backward();
            optimizer.ScaleGradients(0.5);
            Assert.Equal([2f, 2f], parameter.grad!.data<float>().ToArray());
            optimizer.Step(0);
            optimizer.ZeroGradients();
            Assert.Equal([0f, 0f], parameter.grad!.data<float>().ToArray());
        }
    }

    [Fact]
    public void Parameters_keep_values_and_shape_and_leave_their_old_memory_alone()
    {
        using var scope = NewDisposeScope();
        Tensor memory = randn(3, 4);                                    // as a memory-mapped checkpoint: must never be written to
        Tensor before = memory.clone();
        var parameter = new Parameter(memory.t());                      // not contiguous
        using (var optimizer = new FusedAdamW([("p", parameter)], Options))
        {
            Assert.True(parameter.equal(before.t()).all().item<bool>());
            Assert.Equal([4, 3], parameter.shape);
            Assert.True(parameter.requires_grad && parameter.is_leaf);
            parameter.pow(Scalars.Of(2)).sum().backward();
            optimizer.Step(0.1);
        }
        Assert.True(memory.equal(before).all().item<bool>());
        Assert.True((parameter - before.t()).abs().min().item<float>() > 0.01);
        Assert.Null(parameter.grad);
        parameter.sum().backward();                                     // usable after the optimizer
    }

    [Fact]
    public void State_restores_bit_for_bit()
    {
        using var scope = NewDisposeScope();
        Tensor start = randn(5, 3);
        var first = new Parameter(start.clone());
        using var optimizer = new FusedAdamW([("p", first)], Options);
        Steps(optimizer, first, 3);
        var saved = optimizer.State().ToDictionary(item => item.Key, item => item.Value.clone());
        Assert.Equal(["exp_avg/p", "exp_avg_sq/p"], saved.Keys.Order());

        var second = new Parameter(first.detach().clone());
        using var resumed = new FusedAdamW([("p", second)], Options);
        resumed.Restore(3, name => saved[name]);
        Steps(optimizer, first, 4);
        Steps(resumed, second, 4);

        Assert.True(first.equal(second).all().item<bool>());
        Assert.Throws<ArgumentException>(() => resumed.Restore(3, static _ => zeros(1)));

        static void Steps(FusedAdamW optimizer, Parameter parameter, int count)
        {
            for (int i = 0; i < count; i++)
            {
                optimizer.ZeroGradients();
                parameter.sin().sum().backward();
                optimizer.Step(0.01);
            }
        }
    }

    [Fact]
    public void Parameters_without_gradient_are_named()
    {
        using var scope = NewDisposeScope();
        Parameter used = new(ones(2)), idle = new(ones(2)), other = new(ones(1));
        using var optimizer = new FusedAdamW([("used", used), ("layer.idle", idle), ("other", other)], Options);
        used.sum().backward();

        var error = Assert.Throws<InvalidOperationException>(() => optimizer.Step(0.1));

        Assert.Contains("layer.idle, other", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("used,", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Bad_parameters_are_refused()
    {
        using var scope = NewDisposeScope();
        Parameter good = new(ones(2));
        Refused([]);
        Refused([("a", good), ("a", new Parameter(ones(1)))]);
        Refused([("a", good), ("b", good)]);
        Refused([("a", new Parameter(ones(2), requires_grad: false))]);
        Refused([("a", new Parameter(ones(2, bfloat16)))]);
        Refused([("a", good), ("b", new Parameter(ones(2, float64)))]);

        static void Refused((string, Parameter)[] parameters) =>
            Assert.Throws<ArgumentException>(() => new FusedAdamW(parameters, Options));
    }

    [Fact]
    public void Bad_settings_are_refused()
    {
        using var scope = NewDisposeScope();
        (string, Parameter)[] parameters = [("layer.weight", new Parameter(ones(2)))];
        Refused(Options with { Beta1 = 1 });
        Refused(Options with { Beta2 = -0.1 });
        Refused(Options with { Epsilon = 0 });
        Refused(Options with { WeightDecay = double.NaN });
        Refused(Options, new ParameterRule("bias"));
        Refused(Options, new ParameterRule("layer"), new ParameterRule("weight"));      // the first takes all
        Refused(Options, new ParameterRule("("));
        Refused(Options, new ParameterRule("layer", -1));
        Refused(Options, new ParameterRule("layer", 1, double.NaN));

        void Refused(AdamWOptions options, params ParameterRule[] rules) =>
            Assert.Throws<InvalidInputException>(() => new FusedAdamW(parameters, options, rules));
    }

    private static double[] Numbers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextDouble() * 2 - 1)];
}
