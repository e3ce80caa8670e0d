namespace VLPeft;
internal static class Legend;
