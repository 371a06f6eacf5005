// Reads a topic from where it is run: access, topic and group as JSON on standard input, deliveries as JSON on standard output.
import { json } from 'node:stream/consumers'
import { type BrokerAccess } from '#hub'
import { readAll } from './readers.ts'

const { access, topic, group } = (await json(process.stdin)) as {
  readonly access: BrokerAccess
  readonly topic: string
  readonly group: string
}
const found = await readAll(access, topic, group)
process.stdout.write(JSON.stringify(found.map(({ sha256, headers }) => ({ sha256, headers }))))
