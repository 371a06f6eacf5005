// What every file of cli/commands exports.
import type { Command } from 'commander'
import type { CliContext } from './cli-context.ts'

/** Adds a noun to the program, or verbs to their noun. */
export type AddCommands = (parent: Command, context: CliContext) => void
