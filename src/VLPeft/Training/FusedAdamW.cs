using System.Text.RegularExpressions;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace VLPeft.Training;

/// <summary>
/// AdamW (Loshchilov and Hutter, 2019) over all trainable parameters in one fused call per parameter group, in torch's form and in that
/// of transformers before v5. Usage per step: <see cref="ZeroGradients"/>, backward, <see cref="ClipGradientNorm"/> if wanted,
/// <see cref="Step"/>.
/// </summary>
/// <remarks>
/// <para>
/// Values, gradients and both moments lie in four contiguous buffers. The parameters are made views of the first one (so parameters that
/// stood on a memory-mapped checkpoint are copied out of it), and their gradients, from the first backward pass on, views of the second:
/// use <see cref="ZeroGradients"/>, not the module's <c>zero_grad</c>, and don't move the module to another device afterwards.
/// </para>
/// <para>
/// Why one buffer: a step of 60 parameters of 512 elements takes 0.02 ms here on one thread (TorchSharp's AdamW 2.05 ms, libtorch's fused
/// kernel over a list of tensors 0.06 ms), of 400 parameters of 1,024 elements 0.17 ms (8.4 ms, 0.42 ms), of 400 of 16,384 elements
/// 3.6 ms (80 ms, 7.6 ms).
/// </para>
/// </remarks>
public sealed class FusedAdamW : IDisposable
{
    // libtorch's fused kernel, which TorchSharp does not bind. The lists must come from outside: were they built in the script, the
    // compiler would take the call for one without effect and drop it. The numbers come as a tensor: invoke wraps a double in a Scalar
    // that nothing holds, and a garbage collection between the wrapping and the native call frees it.
    private static readonly Lazy<jit.CompilationUnit> Kernel = new(() => jit.compile("""
        def step(p: List[Tensor], g: List[Tensor], m: List[Tensor], v: List[Tensor], t: List[Tensor], numbers: Tensor):
            x: List[float] = numbers.tolist()
            torch._fused_adamw_(p, g, m, v, [], t, lr=x[0], beta1=x[1], beta2=x[2], weight_decay=x[3], eps=x[4],
                                amsgrad=False, maximize=False)

        """));

    private readonly AdamWOptions options;
    private readonly FlatParameters flat;
    private readonly Tensor means;
    private readonly Tensor squares;
    private readonly Tensor stepTensor;
    private readonly List<Group> groups = [];

    /// <summary>Takes over the parameters: their values move into one buffer.</summary>
    /// <param name="parameters">Names and parameters, all of one type (Float32 or Float64) and on one device.</param>
    /// <param name="options">The settings.</param>
    /// <param name="rules">Exceptions for some parameters; the first match wins.</param>
    /// <exception cref="ArgumentException">No parameter, one listed twice, a frozen one, mixed types or devices.</exception>
    /// <exception cref="InvalidInputException">A setting is out of range, or a rule matches nothing.</exception>
    public FusedAdamW(IReadOnlyList<(string Name, Parameter Parameter)> parameters, AdamWOptions options,
        IReadOnlyList<ParameterRule>? rules = null)
    {
        options.Validate();
        this.options = options;
        var settings = Assign(parameters, options, rules ?? []);
        flat = new FlatParameters([.. settings.SelectMany(group => group.Parameters)]);
        using var scope = NewDisposeScope();
        means = zeros_like(flat.Values).DetachFromDisposeScope();
        squares = zeros_like(flat.Values).DetachFromDisposeScope();
        stepTensor = tensor(0f, device: flat.Values.device).DetachFromDisposeScope();
        int next = 0;
        foreach (var setting in settings)
        {
            FlatParameters.Slot first = flat.Slots[next], last = flat.Slots[next + setting.Parameters.Count - 1];
            next += setting.Parameters.Count;
            long length = last.Offset + last.Count - first.Offset;
            groups.Add(new Group(setting.Scale, setting.Decay,
                Slice(flat.Values), Slice(flat.Gradients), Slice(means), Slice(squares)));
            Tensor[] Slice(Tensor buffer) => [buffer.narrow(0, first.Offset, length).DetachFromDisposeScope()];
        }
    }

    /// <summary>Steps taken so far: t of the bias correction.</summary>
    public long StepCount { get; private set; }

    /// <summary>
    /// The state beside the parameters, by name: <c>exp_avg/…</c> and <c>exp_avg_sq/…</c>. Views that belong to the caller (or the current
    /// dispose scope); copying into them restores the state.
    /// </summary>
    public IEnumerable<KeyValuePair<string, Tensor>> State()
    {
        foreach (FlatParameters.Slot slot in flat.Slots)
        {
            yield return new("exp_avg/" + slot.Name, slot.In(means));
            yield return new("exp_avg_sq/" + slot.Name, slot.In(squares));
        }
    }

    /// <summary>Puts back a state that was taken after <paramref name="stepCount"/> steps.</summary>
    /// <param name="stepCount">Steps taken then.</param>
    /// <param name="read">Gives the tensor of a name of <see cref="State"/>, of the same shape.</param>
    /// <exception cref="ArgumentException">A tensor has another shape.</exception>
    public void Restore(long stepCount, Func<string, Tensor> read)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach ((string name, Tensor place) in State())
        {
            Tensor saved = read(name);
            if (!saved.shape.AsSpan().SequenceEqual(place.shape))
                throw new ArgumentException($"The optimizer state '{name}' has the shape [{string.Join(", ", saved.shape)}] instead of " +
                    $"[{string.Join(", ", place.shape)}].", nameof(read));
            place.copy_(saved);
        }
        StepCount = stepCount;
    }

    /// <summary>Sets all gradients to zero.</summary>
    public void ZeroGradients() => flat.ZeroGradients();

    /// <summary>Multiplies all gradients by a factor.</summary>
    /// <exception cref="InvalidOperationException">A parameter has no gradient after the first backward pass.</exception>
    public void ScaleGradients(double factor)
    {
        BindGradients();
        flat.Gradients.mul_(Scalars.Of(factor));
    }

    /// <summary>The 2-norm of all gradients together: a scalar tensor, so that nothing waits for the device.</summary>
    /// <exception cref="InvalidOperationException">A parameter has no gradient after the first backward pass.</exception>
    public Tensor GradientNorm()
    {
        BindGradients();
        return FlatParameters.Norm(flat.Gradients);
    }

    /// <summary>
    /// Scales all gradients so that their common 2-norm is at most <paramref name="maxNorm"/>, as
    /// <c>torch.nn.utils.clip_grad_norm_</c>: by min(1, maxNorm / (norm + 1e-6)).
    /// </summary>
    /// <returns>The norm before scaling, a scalar tensor.</returns>
    /// <exception cref="InvalidOperationException">A parameter has no gradient after the first backward pass.</exception>
    public Tensor ClipGradientNorm(double maxNorm)
    {
        using var scope = NewDisposeScope();
        Tensor norm = GradientNorm();
        flat.Gradients.mul_(norm.Plus(1e-6).reciprocal_().mul_(Scalars.Of(maxNorm)).clamp_max_(Scalars.One));
        return scope.MoveToOuter(norm);
    }

    /// <summary>Updates all parameters from their gradients.</summary>
    /// <param name="learningRate">The learning rate of this step, before a rule's factor.</param>
    /// <exception cref="InvalidOperationException">A parameter has no gradient after the first backward pass.</exception>
    public void Step(double learningRate)
    {
        BindGradients();
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        StepCount++;
        stepTensor.fill_(Scalars.Of(StepCount));
        bool torchForm = options.Form == AdamWForm.Torch;
        // √v/√c + ε/√c is (√v + ε)/√c with c = 1 − β₂ᵗ: transformers' form is torch's with another epsilon.
        double epsilon = torchForm ? options.Epsilon : options.Epsilon / Math.Sqrt(1 - Math.Pow(options.Beta2, StepCount));
        foreach (Group group in groups)
        {
            double rate = learningRate * group.Scale;
            Tensor numbers = tensor(new[] { rate, options.Beta1, options.Beta2, torchForm ? group.Decay : 0.0, epsilon });
            Kernel.Value.invoke("step", group.Values, group.Gradients, group.Means, group.Squares, new[] { stepTensor }, numbers);
            if (!torchForm && group.Decay > 0)
                group.Values[0].mul_(Scalars.Of(1 - rate * group.Decay));           // transformers decays after the update
        }
    }

    internal Device Device => flat.Values.device;

    // After a restore a parameter may get its first gradient in a later step: the run's very first step has been checked.
    private void BindGradients() => flat.BindGradients(allowMissing: StepCount > 0);

    /// <summary>True when every parameter is finite; waits for the device.</summary>
    internal bool ParametersAreFinite()
    {
        using Tensor norm = FlatParameters.Norm(flat.Values);
        return double.IsFinite(norm.ToDouble());
    }

    /// <summary>Frees the moments; the parameters keep their values.</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in groups.SelectMany(group => group.All()))
            tensor.Dispose();
        stepTensor.Dispose();
        means.Dispose();
        squares.Dispose();
        flat.Dispose();
    }

    private static List<(double Scale, double Decay, List<(string, Parameter)> Parameters)> Assign(
        IReadOnlyList<(string Name, Parameter Parameter)> parameters, AdamWOptions options, IReadOnlyList<ParameterRule> rules)
    {
        Regex[] patterns = [.. rules.Select(Compile)];
        var won = new bool[rules.Count];
        var groups = new List<(double Scale, double Decay, List<(string, Parameter)> Parameters)>();
        foreach ((string name, Parameter parameter) in parameters)
        {
            int rule = Array.FindIndex(patterns, pattern => pattern.IsMatch(name));
            if (rule >= 0)
                won[rule] = true;
            double scale = rule >= 0 ? rules[rule].LearningRateScale : 1;
            double decay = (rule >= 0 ? rules[rule].WeightDecay : null) ?? options.WeightDecay;
            int group = groups.FindIndex(candidate => candidate.Scale == scale && candidate.Decay == decay);
            if (group < 0)
                groups.Add((scale, decay, [(name, parameter)]));
            else
                groups[group].Parameters.Add((name, parameter));
        }
        int idle = Array.IndexOf(won, false);
        if (idle >= 0)
            throw new InvalidInputException($"The parameter rule '{rules[idle].Pattern}' applies to none of the {parameters.Count} " +
                "trainable parameters: its pattern matches none of their names, or an earlier rule has taken them.");
        return groups;
    }

    private static Regex Compile(ParameterRule rule)
    {
        if (rule.LearningRateScale is not (>= 0 and < double.PositiveInfinity)
            || rule.WeightDecay is < 0 or double.NaN or double.PositiveInfinity)
            throw new InvalidInputException($"The parameter rule '{rule.Pattern}' needs a learning rate scale and a weight decay of 0 or " +
                $"more, but has {rule.LearningRateScale} and {rule.WeightDecay}.");
        try
        {
            return new Regex(rule.Pattern, RegexOptions.CultureInvariant, TimeSpan.FromSeconds(1));
        }
        catch (ArgumentException e)
        {
            throw new InvalidInputException($"The parameter rule '{rule.Pattern}' is not a regular expression: {e.Message}", e);
        }
    }

    // One-element arrays: the form in which the kernel takes them.
    private sealed record Group(double Scale, double Decay, Tensor[] Values, Tensor[] Gradients, Tensor[] Means, Tensor[] Squares)
    {
        public IEnumerable<Tensor> All() => [.. Values, .. Gradients, .. Means, .. Squares];
    }
}
