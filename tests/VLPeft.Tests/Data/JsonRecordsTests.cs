using System.Text;
using System.Text.Json;
using CsCheck;
using VLPeft.Data;
using Xunit;

namespace VLPeft.Tests.Data;

public sealed class JsonRecordsTests : IDisposable
{
    private readonly VqaFiles _files = new();

    public void Dispose() => _files.Dispose();

    private List<string> Read(string json, string? array = "items", int buffer = 1 << 20) =>
        ReadFile(_files.Write("file.json", json), array, buffer);

    private static List<string> ReadFile(string path, string? array, int buffer)
    {
        List<string> records = [];
        JsonRecords.ForEach(path, array, "item", (ref record, where) =>
        {
            Assert.Equal(records.Count, where.Index);
            using JsonDocument value = JsonDocument.ParseValue(ref record);
            Assert.False(record.Read(), "a record must end with its own value");
            records.Add(value.RootElement.GetRawText());
        }, buffer);
        return records;
    }

    [Fact]
    public void Records_come_whole_and_in_order_wherever_the_buffers_end()
    {
        string[] records = ["""{"a":1,"b":[1,2,{"c":"x\"}]"}]}""", "7", "\"ä😀\"", "[]", "{}", "null", """[[1],["]"]]"""];
        string json = $$"""{ "before": {"items": [0]}, "items" : [ {{string.Join(" ,\n ", records)}} ], "after": [[{"items": []}]] }""";
        for (int buffer = 1; buffer <= Encoding.UTF8.GetByteCount(json) + 1; buffer++)
            Assert.Equal(records, Read(json, buffer: buffer));
    }

    [Fact]
    public void Any_records_come_back_from_any_buffer() =>
        Gen.Select(Gen.String.Array[0, 20], Gen.Int[1, 64]).Sample(
            (texts, buffer) => Read(JsonSerializer.Serialize(texts), null, buffer)
                .Select(json => JsonSerializer.Deserialize<string>(json)).SequenceEqual(texts),
            iter: 300, threads: 1);

    [Fact]
    public void A_record_larger_than_the_buffer_is_read()
    {
        string big = JsonSerializer.Serialize(new string('x', 3_000_000));
        Assert.Equal([big, "1"], Read($"[{big},1]", null));
    }

    [Fact]
    public void A_byte_order_mark_is_passed_over()
    {
        string path = _files.Path("bom.json");
        File.WriteAllText(path, "[1,2]", new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        Assert.Equal(["1", "2"], ReadFile(path, null, 1 << 20));
    }

    [Theory]
    [InlineData("""{"items": [1, 2""")]
    [InlineData("""{"items": [1, 2]""")]
    [InlineData("""{"items": [1, {"a": """)]
    [InlineData("""{"items": [1, "x""")]
    [InlineData("""{"items": [1,, 2]}""")]
    [InlineData("""{"items": [1]} x""")]
    [InlineData("""{"items": [1]}}""")]
    [InlineData("")]
    [InlineData("version https://git-lfs.github.com/spec/v1")]
    public void Damaged_JSON_is_an_error_that_names_file_and_line(string json)
    {
        foreach (int buffer in new[] { 1, 7, 1 << 20 })
        {
            var error = Assert.Throws<InvalidInputException>(() => Read(json, buffer: buffer));
            Assert.StartsWith(_files.Path("file.json"), error.Message);
            Assert.Contains("line 1", error.Message);
            Assert.IsType<JsonException>(error.InnerException, exactMatch: false);
        }
    }

    [Fact]
    public void The_line_of_the_damage_is_right_beyond_the_first_buffer()
    {
        string json = "[\n" + string.Concat(Enumerable.Repeat("1,\n", 500)) + "oops]";
        var error = Assert.Throws<InvalidInputException>(() => Read(json, null, 16));
        Assert.Contains("line 502", error.Message);
    }

    [Theory]
    [InlineData("[1]", "an array")]
    [InlineData("7", "a number")]
    [InlineData("{}", "an object without that key")]
    [InlineData("""{"other": [1]}""", "an object without that key")]
    [InlineData("""{"items": {"a": 1}}""", "an object under that key")]
    [InlineData("""{"items": null}""", "null under that key")]
    [InlineData("""{"items": [1], "items": [2]}""", "that key twice")]
    public void Another_shape_is_an_error_that_says_what_came(string json, string came)
    {
        var error = Assert.Throws<InvalidInputException>(() => Read(json));
        Assert.Contains("expected a JSON object whose key \"items\" holds an array of items", error.Message);
        Assert.EndsWith($"came {came}.", error.Message);
    }

    [Fact]
    public void An_object_is_no_array()
    {
        var error = Assert.Throws<InvalidInputException>(() => Read("""{"items": []}""", null));
        Assert.Contains("expected a JSON array of items, came an object", error.Message);
    }

    [Fact]
    public void A_missing_file_is_an_error_that_names_it()
    {
        string path = _files.Path("nowhere", "file.json");
        var error = Assert.Throws<InvalidInputException>(() => ReadFile(path, null, 16));
        Assert.Equal($"{path}: no such file.", error.Message);
    }

    [Fact]
    public void A_folder_is_no_file() => Assert.Throws<InvalidInputException>(() => ReadFile(_files.Folder, null, 16));
}
