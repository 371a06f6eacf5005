// What every file of cli/commands exports.
import type { Command } from 'commander'
import type { CliContext } from './cli-context.ts'

/** Adds a noun with its verbs. */
export type AddCommands = (program: Command, context: CliContext) => void
