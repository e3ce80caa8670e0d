using VLPeft.Data.Scenes;
using Xunit;

namespace VLPeft.Tests.Data.Scenes;

public sealed class SceneFolderTests : IDisposable
{
    private static readonly SceneOptions Small = new() { Seed = 5, TrainImages = 12, ValidationImages = 4, TestImages = 8 };
    private readonly string _folder = Directory.CreateTempSubdirectory("vlpeft-scenes-").FullName;

    private string Home => Path.Combine(_folder, "deep", "scenes");

    private string Manifest => Path.Combine(Home, SceneFolder.ManifestName);

    private string ClaimFile => Path.Combine(Home, SceneFolder.ClaimName);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_finished_data_set_is_reused()
    {
        Assert.False(SceneDataset.EnsureGenerated(Small, Home).Reused);
        DateTime written = File.GetLastWriteTimeUtc(Manifest);
        SceneDatasetSummary again = SceneDataset.EnsureGenerated(Small, Home);
        Assert.True(again.Reused);
        Assert.Equal(12, again.Splits[SceneSplit.Train].Images);
        Assert.Equal(written, File.GetLastWriteTimeUtc(Manifest));
        Assert.False(File.Exists(ClaimFile));
    }

    [Fact]
    public void Other_options_are_refused_and_change_nothing()
    {
        SceneDataset.EnsureGenerated(Small, Home);
        string before = SceneDatasetTests.HashOf(Home);
        string message = Assert.Throws<InvalidInputException>(() => SceneDataset.EnsureGenerated(Small with { Seed = 6 }, Home)).Message;
        Assert.Contains("\"seed\":6", message);
        Assert.Contains("\"seed\":5", message);
        Assert.Contains(Home, message);
        Assert.Equal(before, SceneDatasetTests.HashOf(Home));
    }

    [Fact]
    public void Other_files_are_refused_and_kept()
    {
        Directory.CreateDirectory(Home);
        string notes = Path.Combine(Home, "notes.txt");
        File.WriteAllText(notes, "mine");
        Assert.Contains(Home, Assert.Throws<InvalidInputException>(() => SceneDataset.EnsureGenerated(Small, Home)).Message);
        Assert.Equal([notes], Directory.EnumerateFileSystemEntries(Home));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("[1, 2]")]
    [InlineData("null")]
    [InlineData("{\"recipe\": {\"generator\": \"other\"}}")]
    public void Another_programs_manifest_is_refused(string content)
    {
        Directory.CreateDirectory(Home);
        File.WriteAllText(Manifest, content);
        string message = Assert.Throws<InvalidInputException>(() => SceneDataset.EnsureGenerated(Small, Home)).Message;
        Assert.Contains(SceneFolder.ManifestName, message);
        Assert.Equal(content, File.ReadAllText(Manifest));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(0.5)]
    [InlineData(0)]
    public void What_a_killed_call_left_is_made_anew(double shareOfClaim)
    {
        SceneDataset.EnsureGenerated(Small, Home);
        string whole = SceneDatasetTests.HashOf(Home);
        File.Delete(Manifest);
        Directory.Delete(Path.Combine(Home, "test"), recursive: true);
        SceneSplitPaths validation = SceneDataset.PathsOf(Home, SceneSplit.Validation);
        string picture = Directory.EnumerateFiles(validation.Images).First();
        File.WriteAllBytes(picture, File.ReadAllBytes(picture)[..100]);
        File.Move(validation.Questions, validation.Questions + ".0123456789abcdef.tmp");
        LeaveClaim(Small, shareOfClaim);

        Assert.False(SceneDataset.EnsureGenerated(Small, Home).Reused);
        Assert.Equal(whole, SceneDatasetTests.HashOf(Home));
    }

    [Fact]
    public void An_unfinished_data_set_of_other_options_is_refused()
    {
        SceneDataset.EnsureGenerated(Small, Home);
        File.Delete(Manifest);
        LeaveClaim(Small, 1);
        SceneOptions other = Small with { Seed = 6 };
        string message = Assert.Throws<InvalidInputException>(() => SceneDataset.EnsureGenerated(other, Home)).Message;
        Assert.Contains("unfinished", message);
        Assert.False(SceneDataset.EnsureGenerated(Small, Home).Reused);
    }

    [Fact]
    public void A_lost_or_cut_file_is_noticed()
    {
        SceneDataset.EnsureGenerated(Small, Home);
        string whole = SceneDatasetTests.HashOf(Home);
        SceneSplitPaths test = SceneDataset.PathsOf(Home, SceneSplit.Test);
        File.Delete(Directory.EnumerateFiles(test.Images).First());
        Assert.False(SceneDataset.EnsureGenerated(Small, Home).Reused);
        Assert.Equal(whole, SceneDatasetTests.HashOf(Home));
        File.WriteAllText(test.Annotations, "{");
        Assert.False(SceneDataset.EnsureGenerated(Small, Home).Reused);
        Assert.Equal(whole, SceneDatasetTests.HashOf(Home));
    }

    [Fact]
    public async Task Of_several_callers_one_makes_it_and_the_others_wait()
    {
        Task<SceneDatasetSummary>[] calls =
            [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() => SceneDataset.EnsureGenerated(Small, Home)))];
        SceneDatasetSummary[] summaries = await Task.WhenAll(calls);
        Assert.Equal(3, summaries.Count(summary => summary.Reused));
        Assert.False(File.Exists(ClaimFile));
    }

    /// <summary>The claim as a killed process leaves it, whole or cut.</summary>
    private void LeaveClaim(SceneOptions options, double share)
    {
        string other = Path.Combine(_folder, "other");
        byte[] claim;
        using (FileStream stream = new SceneFolder(other, options).Claim())
        {
            claim = new byte[stream.Length];
            stream.Position = 0;
            stream.ReadExactly(claim);
        }
        File.WriteAllBytes(ClaimFile, claim[..(int)(share * claim.Length)]);
    }
}
