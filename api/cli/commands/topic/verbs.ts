// `skysieve topic`: all its verbs, in the order that help shows them. A new verb is a file here and a name in this list.
import type { AddCommands } from '../../context/add-commands.ts'
import { addAdminister } from './administer.ts'
import { addConsume } from './consume.ts'
import { addCredential } from './credential.ts'
import { addDescribe } from './describe.ts'

export const addTopicVerbs: AddCommands = (program, context) => {
  const topic = program
    .command('topic')
    .description('topics: those you may read, and for administrators those of the hub')
  for (const add of [addAdminister, addDescribe, addCredential, addConsume]) add(topic, context)
}
