using System.Text.Json;
using TorchSharp;
using VLPeft.Checkpoints;
using VLPeft.Models;
using VLPeft.TestData;
using Xunit;
using static TorchSharp.torch;

namespace VLPeft.Parity.Tests.Models;

/// <summary>Real weights: all-MiniLM-L6-v2, whose folder holds what transformers computes for some sentences.</summary>
[Trait("Category", "Parity")]
public sealed class MiniLmTests
{
    private const double Tolerance = 1e-5;

    [Fact]
    public void Hidden_states_and_embeddings_of_the_sentences_one_by_one()
    {
        using var scope = NewDisposeScope();
        (ITextEncoder encoder, SafetensorsFile expected, long[][] sentences) = Open();
        using (expected)
        {
            for (int i = 0; i < sentences.Length; i++)
            {
                Tensor last = encoder.Encode(encoder.Embed(tensor(sentences[i]).unsqueeze(0)), mask: null)[0];
                AssertClose(expected.Read($"last_hidden_state.{i}"), last, $"sentence {i}");
                AssertClose(expected.Read("mean")[i], last.mean([0]), $"mean of sentence {i}");
            }
        }
    }

    [Fact]
    public void Padding_changes_nothing()
    {
        using var scope = NewDisposeScope();
        (ITextEncoder encoder, SafetensorsFile expected, long[][] sentences) = Open();
        using (expected)
        {
            int longest = sentences.Max(s => s.Length);
            Tensor ids = stack(sentences.Select(s => tensor([.. s, .. Enumerable.Repeat(encoder.PadId, longest - s.Length)])));
            Tensor mask = stack(sentences.Select(s => tensor(Enumerable.Range(0, longest).Select(t => t < s.Length ? 1L : 0L).ToArray())));

            Tensor last = encoder.Encode(encoder.Embed(ids), mask);

            for (int i = 0; i < sentences.Length; i++)
                AssertClose(expected.Read($"last_hidden_state.{i}"), last[i].narrow(0, 0, sentences[i].Length), $"sentence {i}");
            Tensor mean = (last * mask.unsqueeze(2)).sum(1) / mask.sum(1, keepdim: true);
            AssertClose(expected.Read("embeddings"), nn.functional.normalize(mean, 2, 1), "embeddings");
        }
    }

    private static (ITextEncoder Encoder, SafetensorsFile Expected, long[][] Ids) Open()
    {
        set_num_threads(1);
        string folder = SharedData.Require("models", "minilm-l6");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "expected.json")));
        long[][] ids = json.RootElement.GetProperty("input_ids").Deserialize<long[][]>()!;
        return (TextEncoders.FromFolder(folder), SafetensorsFile.Open(Path.Combine(folder, "expected.safetensors")), ids);
    }

    private static void AssertClose(Tensor expected, Tensor actual, string what)
    {
        Assert.Equal(expected.shape, actual.shape);
        double difference = (expected - actual).abs().max().ToDouble();
        Assert.True(difference <= Tolerance, $"{what} differs by {difference:g3}");
    }
}
