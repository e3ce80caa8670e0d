using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.Checkpoints;

public sealed class StateDictLoaderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public StateDictLoaderTests() => set_num_threads(1);

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(false, null)]
    [InlineData(true, null)]
    [InlineData(false, ScalarType.BFloat16)]
    [InlineData(true, ScalarType.BFloat16)]
    [InlineData(true, ScalarType.Float64)]
    public void A_model_computes_what_it_was_saved_from(bool meta, ScalarType? dtype)
    {
        using var scope = NewDisposeScope();
        using var original = new TinyModel(CPU);
        Save(original.state_dict());
        using var model = new TinyModel(meta ? META : CPU);
        using (var file = Open())
            StateDictLoader.Load(model, file, new LoadOptions { Dtype = dtype });
        File.Delete(Path);

        Assert.All(model.parameters(), p => Assert.False(p.requires_grad));
        Assert.All(model.parameters(), p => Assert.Equal(dtype ?? ScalarType.Float32, p.dtype));
        Assert.All(model.state_dict().Values, t => Assert.Equal(DeviceType.CPU, t.device_type));
        Assert.Equal(ScalarType.Int64, model.get_buffer("steps")!.dtype);
        if (dtype is { } changed)
            original.to(changed);
        Tensor ids = arange(Scalars.Of(3)).reshape(1, 3), expected = original.call(ids), actual = model.call(ids);
        Assert.True(expected.Equals(actual), $"expected {expected.cstr()}, got {actual.cstr()}");
        foreach ((string name, Tensor value) in original.state_dict())
            Assert.True(value.Equals(model.state_dict()[name]), name);
    }

    [Fact]
    public void Parameters_stand_on_the_mapping_until_the_model_goes()
    {
        var model = new TinyModel(META);
        using (var original = new TinyModel(CPU))
            Save(original.state_dict());
        using (NewDisposeScope())                                       // the scope must not take the parameters with it
        using (var file = Open())
        {
            StateDictLoader.Load(model, file);
            Tensor inFile = file.Read("linear.weight");
            using (no_grad())
                model.Linear.weight!.fill_(Scalars.Of(7));
            Assert.Equal(7, inFile[0, 0].ToSingle());
        }
        Assert.True(MemoryMaps.Contain(Path));
        Assert.False(model.Linear.weight!.IsInvalid);
        model.Dispose();
        Assert.False(MemoryMaps.Contain(Path));
    }

    [Fact]
    public void Half_precision_is_widened_to_the_models_type()
    {
        using var scope = NewDisposeScope();
        using var original = new TinyModel(CPU);
        original.to(ScalarType.Float16);
        Save(original.state_dict());
        using var model = new TinyModel(META);
        StateDictLoader.Load(model, Open());
        foreach ((string name, Tensor value) in original.state_dict())
            Assert.True(value.to(model.state_dict()[name].dtype).Equals(model.state_dict()[name]), name);
        Assert.Equal(ScalarType.Float32, model.Linear.weight!.dtype);
    }

    [Fact]
    public void Parameters_can_be_trainable_and_take_gradients()
    {
        using var scope = NewDisposeScope();
        using var original = new TinyModel(CPU);
        Save(original.state_dict());
        using var model = new TinyModel(META);
        StateDictLoader.Load(model, Open(), new LoadOptions { RequiresGrad = true });
        Assert.All(model.parameters(), p => Assert.True(p.requires_grad));
        Assert.All(model.buffers(), b => Assert.False(b.requires_grad));
        using var optimizer = optim.SGD(model.parameters(), 0.1);
        model.call(arange(Scalars.Of(3)).reshape(1, 3)).sum().backward();
        Assert.All(model.parameters(), p => Assert.NotNull(p.grad));
        Tensor before = model.Embedding.weight!.clone();
        optimizer.step();
        // The embedding's own C++ side and the registered parameter must be one and the same.
        Assert.False(before.Equals(model.Embedding.weight));
        Assert.True(model.Embedding.weight!.Equals(model.state_dict()["embedding.weight"]));
    }

    [Fact]
    public void Keys_are_renamed_and_left_over_ones_ignored_where_that_is_allowed()
    {
        using var scope = NewDisposeScope();
        using var original = new TinyModel(CPU);
        var state = original.state_dict().ToDictionary(
            p => "module.roberta." + p.Key.Replace("norm.weight", "norm.gamma").Replace("norm.bias", "norm.beta"), p => p.Value);
        state["lm_head.bias"] = ones(2);
        state["module.roberta.position_ids"] = arange(Scalars.Of(4));
        Save(state);
        using var model = new TinyModel(META);
        var options = new LoadOptions
        {
            Rename = CheckpointKeys.Chain(CheckpointKeys.StripPrefix("module.", "roberta."), CheckpointKeys.LayerNormNames),
            Ignore = ["lm_head.*", "*position_ids"],
        };
        StateDictLoader.Load(model, Open(), options);
        Assert.True(original.state_dict()["norm.weight"].Equals(model.state_dict()["norm.weight"]));
        string message = Refused(new TinyModel(CPU), options with { Ignore = ["lm_head.weight", "LM_HEAD.*"] });
        const string leftOver = "2 left over in the source: lm_head.bias, module.roberta.position_ids (as position_ids).";
        Assert.Contains(leftOver, message, StringComparison.Ordinal);
    }

    [Fact]
    public void All_that_does_not_fit_is_in_one_message_and_the_model_stays_as_it_was()
    {
        using var scope = NewDisposeScope();
        using var model = new TinyModel(CPU);
        Dictionary<string, Tensor> before = model.state_dict().ToDictionary(p => p.Key, p => p.Value.clone());
        Dictionary<string, Tensor> state = model.state_dict().ToDictionary(p => p.Key, p => p.Value.Plus(1));
        state.Remove("cls");
        state.Remove("norm.bias");
        state["linear.weight"] = ones(4, 5);
        state["linear.bias"] = ones(1);                                 // TorchSharp would broadcast it
        state["steps"] = ones(2);
        state["extra"] = ones(1);
        Save(state);
        string message = Refused(model);
        Assert.Contains(Path, message, StringComparison.Ordinal);
        Assert.Contains("TinyModel", message, StringComparison.Ordinal);
        Assert.Contains("2 missing in the source: cls, norm.bias", message, StringComparison.Ordinal);
        Assert.Contains("1 left over in the source: extra", message, StringComparison.Ordinal);
        Assert.Contains("linear.weight is [4, 5], expected [4, 4], linear.bias is [1], expected [4]", message, StringComparison.Ordinal);
        Assert.Contains("steps is Float32, expected Int64", message, StringComparison.Ordinal);
        foreach ((string name, Tensor value) in before)
            Assert.True(value.Equals(model.state_dict()[name]), name);
        Assert.All(model.parameters(), p => Assert.True(p.requires_grad));
    }

    [Fact]
    public void Long_lists_are_cut()
    {
        using var scope = NewDisposeScope();
        using var model = new TinyModel(CPU);
        Dictionary<string, Tensor> state = model.state_dict();
        for (int i = 0; i < 25; i++)
            state[$"extra{i:00}"] = ones(1);
        Save(state);
        string message = Refused(model);
        Assert.Contains("extra19 and 5 more", message, StringComparison.Ordinal);
        Assert.DoesNotContain("extra20", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_keys_of_one_name_are_refused()
    {
        using var scope = NewDisposeScope();
        using var model = new TinyModel(CPU);
        Dictionary<string, Tensor> state = model.state_dict();
        state["norm.gamma"] = ones(4);
        Save(state);
        string message = Refused(model, new LoadOptions { Rename = CheckpointKeys.LayerNormNames });
        Assert.Contains("norm.gamma and norm.weight (as norm.weight)", message, StringComparison.Ordinal);
        // Unless one of them may be left over.
        StateDictLoader.Load(model, Open(), new LoadOptions { Rename = CheckpointKeys.LayerNormNames, Ignore = ["*.gamma"] });
    }

    [Fact]
    public void Tied_parameters_are_loaded_once_and_stay_tied()
    {
        using var scope = NewDisposeScope();
        using var model = new TiedModel();
        Save(new() { ["first.weight"] = ones(2, 2) });
        StateDictLoader.Load(model, Open());
        Assert.Equal(1, model.Second.weight![0, 0].ToSingle());
        Save(new() { ["second.weight"] = zeros(2, 2) });
        StateDictLoader.Load(model, Open());
        Assert.Equal(0, model.First.weight![0, 0].ToSingle());
        Assert.Equal(model.First.weight.Handle, model.Second.weight.Handle);
        Save(new() { ["first.weight"] = ones(2, 2), ["second.weight"] = ones(2, 2) });
        StateDictLoader.Load(model, Open());
        Save(new() { ["first.weight"] = ones(2, 2), ["second.weight"] = zeros(2, 2) });
        Assert.Contains("first.weight and second.weight", Refused(model), StringComparison.Ordinal);
        Save([]);
        Assert.Contains("first.weight = second.weight", Refused(model), StringComparison.Ordinal);
    }

    [Fact]
    public void Modules_that_compute_in_cpp_are_copied_into()
    {
        using var scope = NewDisposeScope();
        using var original = nn.LSTM(3, 2);
        using var model = nn.LSTM(3, 2);
        Save(original.state_dict());
        StateDictLoader.Load(model, Open());
        Tensor x = rand(4, 1, 3);
        Assert.True(original.call(x).Item1.Equals(model.call(x).Item1));
        Assert.Contains("can't change its type", Refused(model, new LoadOptions { Dtype = ScalarType.Float64 }), StringComparison.Ordinal);
    }

    private string Path => folder.File("m.safetensors");

    private void Save(Dictionary<string, Tensor> state) => SafetensorsWriter.Write(Path, state);

    private SafetensorsFile Open() => SafetensorsFile.Open(Path);

    private string Refused(nn.Module model, LoadOptions? options = null)
    {
        using var file = Open();
        return Assert.Throws<InvalidInputException>(() => StateDictLoader.Load(model, file, options)).Message;
    }

    /// <summary>Every kind of module the backbones use, an own parameter, and buffers.</summary>
    private sealed class TinyModel : nn.Module<Tensor, Tensor>
    {
        private readonly Parameter cls;
        private readonly Embedding embedding;
        private readonly Linear linear;
        private readonly LayerNorm norm;
        private readonly ModuleList<nn.Module<Tensor, Tensor>> layers;

        public TinyModel(Device device) : base(nameof(TinyModel))
        {
            cls = new Parameter(empty(1, 1, 4, device: device));
            embedding = nn.Embedding(10, 4, device: device);
            linear = nn.Linear(4, 4, device: device);
            norm = nn.LayerNorm(4, device: device);
            layers = nn.ModuleList<nn.Module<Tensor, Tensor>>(nn.Conv1d(4, 4, 1, device: device), nn.BatchNorm1d(4, device: device));
            register_buffer("steps", zeros(2, ScalarType.Int64, device));
            RegisterComponents();
            if (device.type != DeviceType.META)
            {
                using var noGrad = no_grad();
                foreach (Parameter parameter in parameters())
                    nn.init.normal_(parameter);
            }
            eval();
        }

        public Linear Linear => linear;

        public Embedding Embedding => embedding;

        // (B, T) → (B, d, T + 1)
        public override Tensor forward(Tensor ids)
        {
            using var scope = NewDisposeScope();
            Tensor x = cat([cls, norm.call(linear.call(embedding.call(ids)))], 1).transpose(1, 2);
            return layers[1].call(layers[0].call(x)).MoveToOuterDisposeScope();
        }
    }

    private sealed class TiedModel : nn.Module
    {
        private readonly Linear first = nn.Linear(2, 2, hasBias: false);
        private readonly Linear second = nn.Linear(2, 2, hasBias: false);

        public TiedModel() : base(nameof(TiedModel))
        {
            second.weight = first.weight;
            RegisterComponents();
        }

        public Linear First => first;

        public Linear Second => second;
    }
}
