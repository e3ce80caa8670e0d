using System.Runtime.InteropServices;

namespace VLPeft.Cli;

/// <summary>Ctrl-C and SIGTERM ask the work to stop at its next safe point; a second Ctrl-C ends the process at once.</summary>
internal sealed class Interruption : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly PosixSignalRegistration _interrupt, _terminate;

    public Interruption(CliConsole console)
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => Stop(context, console));
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context => Stop(context, console));
    }

    public CancellationToken Token => _source.Token;

    private void Stop(PosixSignalContext context, CliConsole console)
    {
        if (_source.IsCancellationRequested)
            return; // the second time: the default, which ends the process
        context.Cancel = true;
        console.Note("stopping at the next safe point …");
        _source.Cancel();
    }

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _source.Dispose();
    }
}
