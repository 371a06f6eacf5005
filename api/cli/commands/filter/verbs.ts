// `skysieve filter`: all its verbs, in the order that help shows them.
import type { AddCommands } from '../../context/add-commands.ts'
import { addFilter } from './submit-and-manage.ts'
import { addFilterInit } from './init.ts'
import { addFilterMove } from './move.ts'
import { addFilterTest } from './check-and-test.ts'
import { addFilterVisit } from './visit.ts'

export const addFilterVerbs: AddCommands = (program, context) => {
  for (const add of [addFilter, addFilterInit, addFilterTest, addFilterVisit, addFilterMove]) add(program, context)
}
