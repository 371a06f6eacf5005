// `skysieve archive`: all its verbs, in the order that help shows them. A new verb is a file here and a name in this list.
import type { AddCommands } from '../../context/add-commands.ts'
import { addDiskVerbs } from './disk-verbs.ts'
import { addJobs } from './jobs.ts'

export const addArchiveVerbs: AddCommands = (program, context) => {
  const archive = program.command('archive').description('the archive of packets, on the machine that keeps it')
  for (const add of [addDiskVerbs, addJobs]) add(archive, context)
}
