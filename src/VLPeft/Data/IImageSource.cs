namespace VLPeft.Data;

/// <summary>Finds a picture's file by its id.</summary>
public interface IImageSource
{
    /// <summary>The picture's file, which exists.</summary>
    /// <exception cref="InvalidInputException">No file belongs to the id; the message names the id and where it was looked for.</exception>
    string PathOf(long imageId);
}
