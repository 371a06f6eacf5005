// The command line's public surface. It is apart from the service's: what that loads takes ten times as long as a short command.
export { processContext, type CliContext } from './context/cli-context.ts'
export { runCli } from './run.ts'
