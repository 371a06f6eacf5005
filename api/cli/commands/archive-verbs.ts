// `skysieve archive`: all its verbs, in the order that help shows them.
import type { AddCommands } from '../add-commands.ts'
import { addArchive } from './archive.ts'
import { addArchiveJobs } from './archive-jobs.ts'

export const addArchiveVerbs: AddCommands = (program, around) => {
  for (const add of [addArchive, addArchiveJobs]) add(program, around)
}
