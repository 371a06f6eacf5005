// The archiver process: every packet of the hub into the archive, then its notice. SIGTERM commits what is archived.
import closeWithGrace from 'close-with-grace'
import pino from 'pino'
import { Registry } from 'prom-client'
import { collectRarely } from '#hub'
import { processMetrics } from '../process-metrics.ts'
import { openOpsServer } from '../ops-server.ts'
import { readConfig } from '../read-config.ts'
import { startArchivers } from './stream-archivers.ts'
import { ArchiverConfig } from './config.ts'

const STOP_LIMIT_MS = 5000

collectRarely()
const config = readConfig(ArchiverConfig)
const log = pino({ name: 'archiver', level: config.logLevel })
const register = new Registry()
processMetrics(register)
const stop = new AbortController()
const archivers = startArchivers(config, log, register, stop.signal)
const ops = await openOpsServer({ port: config.opsPort, metrics: register, checks: archivers.checks })

closeWithGrace({ delay: STOP_LIMIT_MS, logger: false }, async ({ err }) => {
  if (err !== undefined) log.error(err, 'the archiver stops')
  stop.abort()
  await ops.close()
  await archivers.done
})
archivers.done.catch((error: unknown) => {
  // Another archiver has the stream: nothing of this process may be trusted any more.
  log.fatal({ err: error }, 'the archiver ends')
  process.exit(1)
})
