// The simulator process: plays visits into the hub until told to stop; with nothing left to play it stays and says so.
import closeWithGrace from 'close-with-grace'
import pino from 'pino'
import { Registry } from 'prom-client'
import { processMetrics } from '../process-metrics.ts'
import { openOpsServer } from '../ops-server.ts'
import { readConfig } from '../read-config.ts'
import { SimulatorConfig } from './config.ts'
import { simulatorMetrics } from './metrics.ts'
import { startSimulator } from './simulator.ts'

const STOP_LIMIT_MS = 5000

const config = readConfig(SimulatorConfig)
const log = pino({ name: 'simulator' })
const register = new Registry()
processMetrics(register)
const stop = new AbortController()
const simulator = startSimulator(config, log, simulatorMetrics(register), stop.signal)
const ops = await openOpsServer({ port: config.opsPort, metrics: register, checks: simulator.checks })

closeWithGrace({ delay: STOP_LIMIT_MS, logger: false }, async ({ err }) => {
  if (err !== undefined) log.error(err, 'the simulator stops')
  stop.abort()
  await ops.close()
  await simulator.done
})
