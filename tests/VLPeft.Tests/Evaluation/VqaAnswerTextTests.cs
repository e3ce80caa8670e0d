using CsCheck;
using VLPeft.Evaluation;
using Xunit;

namespace VLPeft.Tests.Evaluation;

public sealed class VqaAnswerTextTests
{
    [Theory]
    [InlineData("A dog, the cat!", "A dog the cat ", "dog cat")]
    [InlineData("left-right", "left right", "left right")]
    [InlineData("left - right-up", "left  rightup", "left rightup")]
    [InlineData("1,000;2", "10002", "10002")]
    [InlineData("2.5 p.m.", "2.5 pm", "2.5 pm")]
    [InlineData("None of it", "None of it", "0 of it")]
    [InlineData("ten couldntve", "ten couldntve", "10 couldntve")]
    [InlineData("couldnt've somebody'd ows'at", "couldnt've somebody'd ows'at", "couldn't've somebodyd ows'at")]
    [InlineData("don't :'%$", "don't :'%$", "don't :'%$")]
    [InlineData("\u0130\u00A0x", "\u0130\u00A0x", "i x")]
    [InlineData("a\u001Cb\u180Ec", "a\u001Cb\u180Ec", "b c")]
    public void Each_stage_follows_the_rules(string answer, string punctuation, string processed)
    {
        Assert.Equal(punctuation, VqaAnswerText.Punctuation(answer));
        Assert.Equal(processed, VqaAnswerText.DigitsAndArticles(VqaAnswerText.Punctuation(answer)));
    }

    [Fact]
    public void Newlines_and_tabs_are_stripped_or_become_spaces() => Assert.Equal("x y  z", VqaAnswerText.Strip("\n\u00A0x\ty\n\nz\u2003"));

    [Fact]
    public void At_most_32_periods_go()
    {
        Assert.Equal("", VqaAnswerText.Punctuation(new string('.', 32)));
        Assert.Equal("....", VqaAnswerText.Punctuation(new string('.', 36)));
    }

    [Fact]
    public void Python_3_sees_digits_of_all_scripts()
    {
        Assert.Equal("٣ ٤", VqaAnswerText.Punctuation("٣,٤", Python.Two));
        Assert.Equal("٣٤", VqaAnswerText.Punctuation("٣,٤", Python.Three));
        Assert.Equal("𝟏𝟐", VqaAnswerText.Punctuation("𝟏,𝟐", Python.Three));
        Assert.Equal("x٣", VqaAnswerText.Punctuation("x.٣", Python.Two));
        Assert.Equal("x.٣", VqaAnswerText.Punctuation("x.٣", Python.Three));
    }

    /// <summary>The rules as they are stated, replacement by replacement, agree with the single pass.</summary>
    [Fact]
    public void One_pass_is_mark_by_mark_replacement() =>
        Gen.OneOf(";", "/", "-", ",", "?", "_", " ", " ", "a", "1", "2", ".", "'", "é").Array[0, 12].Select(string.Concat).Sample(answer =>
        {
            string expected = answer;
            foreach (char mark in ";/[]\"{}()=+\\_-><@`,?!")
            {
                bool delete = answer.Contains($"{mark} ") || answer.Contains($" {mark}")
                    || System.Text.RegularExpressions.Regex.IsMatch(answer, "[0-9],[0-9]");
                expected = expected.Replace(mark.ToString(), delete ? "" : " ");
            }
            expected = System.Text.RegularExpressions.Regex.Replace(expected, @"\.(?![0-9])", "");
            Assert.Equal(expected, VqaAnswerText.Punctuation(answer));
        });
}
