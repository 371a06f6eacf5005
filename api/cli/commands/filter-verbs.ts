// `skysieve filter`: all its verbs, in the order that help shows them.
import type { AddCommands } from '../add-commands.ts'
import { addFilter } from './filter.ts'
import { addFilterInit } from './filter-init.ts'
import { addFilterMove } from './filter-move.ts'
import { addFilterTest } from './filter-test.ts'
import { addFilterVisit } from './filter-visit.ts'

export const addFilterVerbs: AddCommands = (program, around) => {
  for (const add of [addFilter, addFilterInit, addFilterTest, addFilterVisit, addFilterMove]) add(program, around)
}
