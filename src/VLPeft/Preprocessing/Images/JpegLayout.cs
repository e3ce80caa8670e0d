namespace VLPeft.Preprocessing;

/// <summary>Where a component's samples lie: rows of whole blocks.</summary>
/// <param name="Offset">Of its first sample.</param>
/// <param name="Stride">Bytes from row to row, a multiple of 32.</param>
/// <param name="Width">Samples of a row that belong to the picture.</param>
/// <param name="Height">Rows that belong to the picture.</param>
internal readonly record struct JpegPlane(int Offset, int Stride, int Width, int Height);

/// <summary>The component planes of a picture, all in one piece of memory.</summary>
internal sealed class JpegLayout
{
    public JpegLayout(JpegHeader header)
    {
        Width = header.Width;
        Height = header.Height;
        ColumnFactor = header.Components[0].Columns;
        RowFactor = header.Components[0].Rows;
        UnitColumns = DivideUp(Width, 8 * ColumnFactor);
        UnitRows = DivideUp(Height, 8 * RowFactor);
        Planes = new JpegPlane[header.Components.Length];
        int offset = 0;
        for (int i = 0; i < Planes.Length; i++)
        {
            JpegComponent component = header.Components[i];
            int stride = DivideUp(UnitColumns * component.Columns * 8, 32) * 32;
            Planes[i] = new JpegPlane(offset, stride,
                DivideUp(Width * component.Columns, ColumnFactor), DivideUp(Height * component.Rows, RowFactor));
            offset += stride * UnitRows * component.Rows * 8;
        }
        PlaneBytes = offset;
    }

    public int Width { get; }

    public int Height { get; }

    /// <summary>Luma samples for each chroma sample along a row.</summary>
    public int ColumnFactor { get; }

    /// <summary>Luma rows for each chroma row.</summary>
    public int RowFactor { get; }

    /// <summary>Units (MCUs) in a row of them.</summary>
    public int UnitColumns { get; }

    /// <summary>Rows of units.</summary>
    public int UnitRows { get; }

    public JpegPlane[] Planes { get; }

    public int PlaneBytes { get; }

    private static int DivideUp(int value, int by) => (value + by - 1) / by;
}
