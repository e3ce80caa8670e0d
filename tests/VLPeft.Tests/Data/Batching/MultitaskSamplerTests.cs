using VLPeft.Data.Batching;
using Xunit;

namespace VLPeft.Tests.Data.Batching;

public sealed class MultitaskSamplerTests
{
    private static readonly int[] Sizes = [40, 13, 25];

    [Fact]
    public void A_proportional_epoch_has_every_example_of_every_task_once()
    {
        MultitaskSampler sampler = Sampler(TaskMixing.Proportional);
        Assert.Equal((10, 4, 7, 21), (sampler.BatchesOf(0), sampler.BatchesOf(1), sampler.BatchesOf(2), sampler.BatchesPerEpoch));
        for (int epoch = 0; epoch < 3; epoch++)
        {
            TaskBatch[] batches = [.. sampler.Epoch(epoch)];
            Assert.Equal(21, batches.Length);
            Assert.All(batches, batch => Assert.Equal(epoch, batch.Pass));
            for (int task = 0; task < Sizes.Length; task++)
                Assert.Equal(Enumerable.Range(0, Sizes[task]), Examples(batches, task).Order());
        }
    }

    [Fact]
    public void A_balanced_epoch_has_as_many_batches_of_each_task_and_goes_on_through_the_larger_ones()
    {
        MultitaskSampler sampler = Sampler(TaskMixing.Balanced);
        Assert.Equal((4, 4, 4, 12), (sampler.BatchesOf(0), sampler.BatchesOf(1), sampler.BatchesOf(2), sampler.BatchesPerEpoch));
        TaskBatch[][] epochs = [.. Enumerable.Range(0, 5).Select(epoch => sampler.Epoch(epoch).ToArray())];
        Assert.All(epochs, batches => Assert.Equal([4, 4, 4], Enumerable.Range(0, 3).Select(task => batches.Count(batch => batch.Task == task))));
        // 5 epochs of 4 batches are two passes of 10.
        TaskBatch[] first = [.. epochs.SelectMany(batches => batches).Where(batch => batch.Task == 0)];
        Assert.Equal(Enumerable.Range(0, 40), Examples([.. first.Where(batch => batch.Pass == 0)], 0).Order());
        Assert.Equal(Enumerable.Range(0, 40), Examples([.. first.Where(batch => batch.Pass == 1)], 0).Order());
    }

    [Theory, InlineData(TaskMixing.Proportional), InlineData(TaskMixing.Balanced)]
    public void The_order_mixes_tasks_follows_from_seed_and_epoch_and_is_found_from_anywhere(TaskMixing mixing)
    {
        string[] first = Shown(Sampler(mixing).Epoch(2));
        Assert.Equal(first, Shown(Sampler(mixing).Epoch(2)));
        Assert.NotEqual(first, Shown(Sampler(mixing).Epoch(1)));
        Assert.NotEqual(first, Shown(Sampler(mixing, seed: 8).Epoch(2)));
        Assert.Equal(first[5..], Shown(Sampler(mixing).Epoch(2, skip: 5)));
        int changes = Enumerable.Range(1, first.Length - 1).Count(i => first[i][0] != first[i - 1][0]);
        Assert.InRange(changes, first.Length / 3, first.Length);
    }

    private static MultitaskSampler Sampler(TaskMixing mixing, ulong seed = 7) => new(
        [.. Sizes.Select((size, task) => new LengthBucketSampler(
            [.. Enumerable.Range(0, size).Select(i => i % 5)], new SamplerOptions { BatchSize = 4, Seed = seed + (ulong)task }))],
        mixing, seed);

    private static IEnumerable<int> Examples(TaskBatch[] batches, int task) =>
        batches.Where(batch => batch.Task == task).SelectMany(batch => batch.Examples.ToArray());

    private static string[] Shown(IEnumerable<TaskBatch> batches) => [.. batches.Select(batch => $"{batch.Task}: {string.Join(" ", batch.Examples.ToArray())}")];
}
