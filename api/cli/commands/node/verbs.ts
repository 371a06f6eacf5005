// `skysieve node`: all its verbs, in the order that help shows them. A new verb is a file here and a name in this list.
import type { AddCommands } from '../../context/add-commands.ts'
import { addAdd } from './add.ts'
import { addChange } from './change.ts'
import { addDrain } from './drain.ts'
import { addListAndShow } from './list-and-show.ts'
import { addReplaceMachine } from './replace-machine.ts'

export const addNodeVerbs: AddCommands = (program, context) => {
  const node = program.command('node').description('mirror nodes, where filters run (administrators)')
  for (const add of [addListAndShow, addAdd, addChange, addReplaceMachine, addDrain]) add(node, context)
}
