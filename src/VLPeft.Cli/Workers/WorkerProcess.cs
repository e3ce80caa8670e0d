using System.Diagnostics;
using System.Text.Json;

namespace VLPeft.Cli.Workers;

/// <summary>One worker: a process of this same program, with one thread.</summary>
internal sealed class WorkerProcess : IDisposable
{
    private readonly Process _process;
    private readonly Queue<string> _lastErrors = new();

    public WorkerProcess()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
            start.ArgumentList.Add(typeof(WorkerProcess).Assembly.Location);
        start.ArgumentList.Add("worker");
        foreach (string variable in new[] { "OMP_NUM_THREADS", "MKL_NUM_THREADS" })
            start.Environment[variable] = "1";
        _process = Process.Start(start) ?? throw new IOException("a worker process could not be started.");
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginErrorReadLine();
    }

    /// <summary>Runs a job to its end, telling of its progress.</summary>
    /// <returns>Null when it is done, or what went wrong.</returns>
    public async Task<string?> Run(Job job, Action<JobEvent> progress, CancellationToken cancellation)
    {
        await _process.StandardInput.WriteLineAsync(JsonSerializer.Serialize(job).AsMemory(), cancellation);
        await _process.StandardInput.FlushAsync(cancellation);
        while (await _process.StandardOutput.ReadLineAsync(cancellation) is { } line)
        {
            JobEvent what = JsonSerializer.Deserialize<JobEvent>(line)!;
            if (what.Error is not null || what.IsDone)
                return what.Error;
            progress(what);
        }
        await _process.WaitForExitAsync(cancellation);
        return $"the worker process ended with code {_process.ExitCode}: {string.Join(" | ", _lastErrors)}";
    }

    /// <summary>True when it can take another job.</summary>
    public bool IsAlive => !_process.HasExited;

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private void Keep(string? line)
    {
        if (string.IsNullOrWhiteSpace(line))
            return;
        lock (_lastErrors)
        {
            _lastErrors.Enqueue(line);
            if (_lastErrors.Count > 5)
                _lastErrors.Dequeue();
        }
    }
}
