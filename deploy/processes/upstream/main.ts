// The upstream process: surveys' streams into the hub, each packet once. SIGTERM commits what is on its way or leaves it to the next start.
import closeWithGrace from 'close-with-grace'
import pino from 'pino'
import { Registry } from 'prom-client'
import { collectRarely } from '#hub'
import { processMetrics } from '../process-metrics.ts'
import { openOpsServer } from '../ops-server.ts'
import { readConfig } from '../read-config.ts'
import { UpstreamConfig } from './config.ts'
import { runUpstreams } from './running-upstreams.ts'

const STOP_LIMIT_MS = 5000

collectRarely()
const config = readConfig(UpstreamConfig)
const log = pino({ name: 'upstream', level: config.logLevel })
const register = new Registry()
processMetrics(register)
const stop = new AbortController()
const upstreams = runUpstreams(config, log, register, stop.signal)
const ops = await openOpsServer({ port: config.opsPort, metrics: register, checks: upstreams.checks })

closeWithGrace({ delay: STOP_LIMIT_MS, logger: false }, async ({ err }) => {
  if (err !== undefined) log.error(err, 'the upstream process stops')
  stop.abort()
  await ops.close()
  await upstreams.done
})
upstreams.done.catch((error: unknown) => {
  // Another process has the upstream: nothing of this one may be trusted any more.
  log.fatal({ err: error }, 'the upstream process ends')
  process.exit(1)
})
