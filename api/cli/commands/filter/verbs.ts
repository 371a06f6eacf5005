// `skysieve filter`: all its verbs, in the order that help shows them. A new verb is a file here and a name in this list.
import type { AddCommands } from '../../context/add-commands.ts'
import { addCheckAndTest } from './check-and-test.ts'
import { addInit } from './init.ts'
import { addManage } from './manage.ts'
import { addMove } from './move.ts'
import { addSubmit } from './submit.ts'
import { addVisit } from './visit.ts'

export const addFilterVerbs: AddCommands = (program, context) => {
  const filter = program.command('filter').description('your filters')
  for (const add of [addSubmit, addManage, addInit, addCheckAndTest, addVisit, addMove]) add(filter, context)
}
