// `skysieve upstream`: all its verbs, in the order that help shows them. A new verb is a file here and a name in this list.
import type { AddCommands } from '../../context/add-commands.ts'
import { addAdd } from './add.ts'
import { addLook } from './look.ts'
import { addRemove } from './remove.ts'

export const addUpstreamVerbs: AddCommands = (program, context) => {
  const upstream = program.command('upstream').description('surveys whose streams come into this system')
  for (const add of [addAdd, addLook, addRemove]) add(upstream, context)
}
