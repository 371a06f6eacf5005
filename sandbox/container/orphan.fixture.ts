// A process that loads a filter into a container, says which, and waits for its end: node orphan.fixture.ts SOCKET DIR
import { pino } from 'pino'
import { SAMPLE_LIMITS, SAMPLE_SET } from '../conformance/sample.ts'
import { openContainerSandbox } from './open-container-sandbox.ts'

const [engine = '', dir = ''] = process.argv.slice(2)
const logger = pino({ level: 'silent' })
const sandbox = await openContainerSandbox({ engine, dir, label: 'test', logger })
await sandbox.load({
  id: 'orphan',
  version: 1,
  runtime: 'container',
  fileName: 'orphan.py',
  trust: 'system',
  source: 'def filter(alert):\n    while True: pass\n',
  reads: SAMPLE_SET,
  limits: SAMPLE_LIMITS,
})
process.stdout.write(sandbox.containerIds().join())
setInterval(() => undefined, 60_000)
