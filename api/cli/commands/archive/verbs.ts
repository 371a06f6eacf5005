// `skysieve archive`: all its verbs, in the order that help shows them.
import type { AddCommands } from '../../context/add-commands.ts'
import { addArchive } from './disk-verbs.ts'
import { addArchiveJobs } from './jobs.ts'

export const addArchiveVerbs: AddCommands = (program, context) => {
  for (const add of [addArchive, addArchiveJobs]) add(program, context)
}
