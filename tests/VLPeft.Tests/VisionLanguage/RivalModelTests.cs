using TorchSharp;
using TorchSharp.Modules;
using VLPeft.Generation;
using VLPeft.Models.Bert;
using VLPeft.Models.Gpt2;
using VLPeft.Peft;
using VLPeft.Recipes;
using VLPeft.Tests.Models;
using VLPeft.VisionLanguage;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Tests.VisionLanguage;

/// <summary>The methods that LoRA and Adapter are compared with, in question answering and captioning.</summary>
[Collection(Seeded.Name)]
public sealed class RivalModelTests
{
    public static TheoryData<PeftMethod> Methods =>
        [PeftMethod.Bitfit, PeftMethod.Layernorm, PeftMethod.Prompt, PeftMethod.Prefix, PeftMethod.Compacter, PeftMethod.Ia3, PeftMethod.Dora];

    private static PeftSection Section(PeftMethod method) => new() { Method = method, Rank = 4, Length = 3 };

    internal static void Randomize(PeftModel peft)
    {
        using var frozen = no_grad();
        foreach ((_, Parameter parameter) in peft.TrainableParameters)
            parameter.add_(arange(Scalars.Of(parameter.numel()), ScalarType.Float32).mul(Scalars.Of(0.7)).sin().mul(Scalars.Of(0.1)).reshape(parameter.shape), Scalars.One);
    }

    [Theory, MemberData(nameof(Methods))]
    public void AQuestionIsAnsweredTheSameAloneAndInABatchAndComesBackFromDisk(PeftMethod method)
    {
        using var scope = NewDisposeScope();
        (VqaModel model, PeftModel peft) = Vqa(method);
        using (peft)
        {
            (Tensor ids, Tensor mask) = Tiny.Questions(Tiny.Roberta);
            Tensor all = model.call(ids, mask, null);
            Tiny.AssertClose(all.narrow(0, 1, 1), model.call(ids.narrow(0, 1, 1).narrow(1, 0, 3), null, null));
            model.LastLayerIsPositionWise = true;
            Tiny.AssertClose(all, model.call(ids, mask, null));
            Assert.Equal(ids.size(1), model.HiddenStates(ids, mask, null).size(1));
            all.pow(Scalars.Of(2)).sum().backward();
            peft.RequireGradients();

            string folder = Directory.CreateTempSubdirectory("vlpeft-rival").FullName;
            PeftFolder.Save(peft, folder, "roberta.");
            var text = (BertFamilyModel)Tiny.Build("roberta");
            using PeftModel loaded = PeftFolder.Load(folder, text);
            Directory.Delete(folder, true);
            Assert.Equal(peft.Describe().ToString(), loaded.Describe().ToString());
            VqaModel again = Vqa(text, loaded, model.Head);
            again.LastLayerIsPositionWise = true;
            Assert.True(again.call(ids, mask, null).Equals(model.call(ids, mask, null)));
        }
    }

    [Theory, MemberData(nameof(Methods))]
    public void CaptionsAreDecodedInStepsAsWholeSequencesAre(PeftMethod method)
    {
        using var scope = NewDisposeScope();
        Gpt2Model text = Tiny.Eval(() => new Gpt2Model(Tiny.Gpt2));
        using PeftModel peft = PeftModel.Inject(text, CaptionPeft.PlanOf(Section(method), text)!);
        Randomize(peft);
        ImageSide image = new(new ImageSideOptions(RoutingSource.Pooled, PrefixKind.Single, PrefixSource.Pooled, false), text.Width, null);
        CaptionModel model = new(text, image, new RoutingFeature()) { Prompt = peft.Prompt };
        model.eval();
        ImageFeatures features = new(arange(Scalars.Of(24), ScalarType.Float32).mul(Scalars.Of(0.9)).sin().reshape(2, 1, 12));
        Tensor whole = model.call(tensor(new long[,] { { 3, 7, 9 }, { 4, 1, 2 } }), null, features); // (2, 1 + 3, vocabulary)
        Assert.Equal(4, whole.size(1));
        using IDecoderSession session = model.BeginDecoding(features, 2, maxLength: 3);
        Tiny.AssertClose(whole.select(1, 0).detach(), session.Start());
        Tiny.AssertClose(whole.select(1, 1).detach(), session.Next(tensor(new long[] { 3, 4 })));
        Tiny.AssertClose(whole.select(1, 2).detach(), session.Next(tensor(new long[] { 7, 1 })));
        whole.pow(Scalars.Of(2)).sum().backward();
        peft.RequireGradients();
    }

    [Fact]
    public void RankPatternsSplitALorasSitesAndRefuseWhatMeansNothing()
    {
        using var scope = NewDisposeScope();
        var text = (BertFamilyModel)Tiny.Build("roberta");
        PeftSection section = new()
        {
            Rank = 4, Scaling = LoraScaling.SqrtRank,
            RankPatterns = [new RankPatternSection { Pattern = "layer.0.*query", Rank = 2 }, new RankPatternSection { Pattern = "query", Alpha = 9, Rank = 9 }],
        };
        using (PeftModel peft = PeftModel.Inject(text, VqaPeft.PlanOf(section, text)!))
        {
            var found = peft.Describe().Sites.ToDictionary(site => site.Module, site => (site.Rank, site.Scale));
            Assert.Equal((2, 2 / Math.Sqrt(2)), found["encoder.layer.0.attention.self.query"]);
            Assert.Equal((9, 3), found["encoder.layer.1.attention.self.query"]);
            Assert.Equal((4, 2), found["encoder.layer.0.attention.self.value"]);
            Assert.Equal(4, found.Count);
        }
        section = section with { RankPatterns = [new RankPatternSection { Pattern = "quary", Rank = 2 }] };
        Assert.Contains("quary", Assert.Throws<InvalidInputException>(() => VqaPeft.PlanOf(section, text)).Message, StringComparison.Ordinal);
    }

    private static (VqaModel Model, PeftModel Peft) Vqa(PeftMethod method)
    {
        var text = (BertFamilyModel)Tiny.Build("roberta");
        PeftModel peft = PeftModel.Inject(text, VqaPeft.PlanOf(Section(method), text)!);
        Randomize(peft);
        return (Vqa(text, peft, new VqaHead(12, 8, 5, 0)), peft);
    }

    private static VqaModel Vqa(BertFamilyModel text, PeftModel peft, VqaHead head)
    {
        ImageSide image = new(new ImageSideOptions(RoutingSource.Pooled, PrefixKind.None, PrefixSource.Pooled, false), 12, null);
        VqaModel model = new(text, image, head, ReadoutKind.First, new RoutingFeature()) { Prompt = peft.Prompt };
        model.eval();
        return model;
    }
}
