using TorchSharp.Modules;
using VLPeft.Checkpoints;
using VLPeft.Models;
using VLPeft.Models.Bert;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Peft;

/// <summary>Hugging Face's RobertaForSequenceClassification, whose names the adapters of fixtures/peft have.</summary>
internal sealed class SequenceClassifier : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly BertFamilyModel roberta;
    private readonly ClassifierHead classifier;

    public SequenceClassifier(BertFamilyConfig config, long labels) : base(nameof(SequenceClassifier))
    {
        roberta = new BertFamilyModel(config, pooler: false);
        classifier = new ClassifierHead(config.Width, labels);
        RegisterComponents();
    }

    public BertFamilyModel Encoder => roberta;

    public static SequenceClassifier FromFolder(string folder)
    {
        using CheckpointFolder weights = CheckpointFolder.Open(folder);
        var model = new SequenceClassifier(BertFamilyConfig.Read(ConfigReader.OpenFolder(folder)), weights.Entry("classifier.out_proj.bias").Shape[0]);
        StateDictLoader.Load(model, weights);
        model.eval();
        return model;
    }

    public Tensor LastHiddenState(Tensor ids, Tensor mask) => roberta.Encode(roberta.Embed(ids), mask);

    public override Tensor forward(Tensor ids, Tensor mask) => classifier.call(LastHiddenState(ids, mask));

    private sealed class ClassifierHead : nn.Module<Tensor, Tensor>
    {
        private readonly Linear dense, out_proj;

        public ClassifierHead(long width, long labels) : base(nameof(ClassifierHead))
        {
            dense = nn.Linear(width, width);
            out_proj = nn.Linear(width, labels);
            RegisterComponents();
        }

        public override Tensor forward(Tensor hidden) => out_proj.call(dense.call(hidden.select(1, 0)).tanh());
    }
}
