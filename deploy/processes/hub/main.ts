// The hub's service process: the schema registry over HTTP, the clock that nodes go by, the authority that signs their certificates, and how it is.
import closeWithGrace from 'close-with-grace'
import pino from 'pino'
import { Registry as Metrics } from 'prom-client'
import { openRegistry, startClock } from '#hub'
import { processMetrics } from '../process-metrics.ts'
import { type Check, openOpsServer } from '../ops-server.ts'
import { readConfig } from '../read-config.ts'
import { certificateRoute } from './certificate-route.ts'
import { HubConfig } from './config.ts'

const STOP_LIMIT_MS = 5000

const config = readConfig(HubConfig)
const log = pino({ name: 'hub', level: config.logLevel })
const metrics = new Metrics()
processMetrics(metrics)

const registry = await openRegistry({
  access: config.kafka,
  host: config.host,
  port: config.registryPort,
  outside: config.outside,
  writeTokenSha256: config.registryTokenSha256,
  clientId: config.kafka.user,
  log,
  metrics,
})
const clock = await startClock({
  access: config.kafka,
  clientId: `${config.kafka.user}.clock`,
  onProblem: error => log.warn({ err: error }, 'the clock cannot be written'),
})
const clockCheck = (): Check => {
  const reason = clock.problem()
  return reason === undefined ? { name: 'clock', ok: true } : { name: 'clock', ok: false, reason }
}
const { authority } = config
const ops = await openOpsServer({
  port: config.opsPort,
  metrics,
  checks: () => [...registry.checks(), clockCheck()],
  more: authority === undefined ? undefined : app => certificateRoute(app, authority),
})
log.info({ url: registry.url }, 'the schema registry listens')
void registry.ready.then(() => log.info('the schema registry serves'))

closeWithGrace({ delay: STOP_LIMIT_MS, logger: false }, async ({ err }) => {
  if (err !== undefined) log.error(err, 'the hub service stops')
  await Promise.all([ops.close(), clock.close()])
  await registry.close()
})
