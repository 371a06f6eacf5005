// A process that loads a filter, says the ids of its hosts, and waits for its end: node orphan.fixture.ts DIR [ENGINE], with ENGINE in containers of it.
import { pino } from 'pino'
import { javascriptFilter } from '../hostile/good-filters.ts'
import { openIsolateSandbox } from './open-isolate-sandbox.ts'

const [dir = '', engine] = process.argv.slice(2)
const containers = engine === undefined ? {} : ({ host: 'container', engine: { engine, label: 'orphans' } } as const)
const sandbox = await openIsolateSandbox({
  dir,
  logger: pino({ level: 'silent' }),
  defaults: { hosts: 1 },
  ...containers,
})
await sandbox.load(javascriptFilter('orphan', 'export const filter = () => true'))
process.stdout.write(JSON.stringify(sandbox.hostPids()))
setInterval(() => undefined, 60_000)
