using VLPeft.Cli;

return CliApplication.Run(args, CliConsole.OfProcess());
