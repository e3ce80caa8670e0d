using Xunit;

namespace VLPeft.Tests.Models;

/// <summary>Tests that need torch's global generator for themselves: nothing else runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Seeded
{
    public const string Name = "Seeded";
}
