// `skysieve archive`: all its verbs, in the order that help shows them.
import type { AddCommands } from '../../context/add-commands.ts'
import { addArchive } from './disk-verbs.ts'
import { addArchiveJobs } from './jobs.ts'

export const addArchiveVerbs: AddCommands = (program, around) => {
  for (const add of [addArchive, addArchiveJobs]) add(program, around)
}
