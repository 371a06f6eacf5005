// The engine process: keeps a Docker engine for Python filters. Its own, or the machine's; either is offered only when the image is in it.
import { mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import pino from 'pino'
import { Registry } from 'prom-client'
import { ensureImage, openEngine, reachEngine, sweepContainers } from '#sandbox'
import { DeployError } from '../../errors.ts'
import { processMetrics } from '../process-metrics.ts'
import { openOpsServer } from '../ops-server.ts'
import { readConfig } from '../read-config.ts'
import { EngineConfig } from './config.ts'
import { type Dockerd, startDockerd } from './dockerd.ts'
import { readySocket, ownSocket } from './engine-paths.ts'

/** dockerd gets three seconds, its leftovers three. */
const STOP_LIMIT_MS = 7000
const DYING_MS = 300

const config = readConfig(EngineConfig)
const log = pino({ name: 'engine', level: config.logLevel })
const metrics = new Registry()
processMetrics(metrics)
const socket = config.socket ?? ownSocket(config.dir)
const docker = openEngine(socket)
const withdraw = (): void => rmSync(readySocket(config.dir), { force: true })
let missing = 'the Docker engine is being started'
let stopping: Promise<never> | undefined
let engine: Dockerd | undefined

const ops = await openOpsServer({
  port: config.opsPort,
  metrics,
  checks: async () => {
    const reason = missing === '' ? await whyAway() : missing
    return [reason === undefined ? { name: 'engine', ok: true } : { name: 'engine', ok: false, reason }]
  },
})
const whyAway = (): Promise<string | undefined> =>
  reachEngine(docker, socket).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  )
const end = async (exitCode: number): Promise<never> => {
  setTimeout(() => process.exit(1), STOP_LIMIT_MS).unref()
  withdraw()
  await ops.close()
  if (engine !== undefined) await engine.close()
  else {
    // A worker that was killed has just left its containers in the machine's engine.
    await sleep(DYING_MS)
    await sweepContainers(docker, config.label).catch(() => undefined)
  }
  process.exit(exitCode)
}
const stop = (exitCode: number): void => void (stopping ??= end(exitCode))
// A launcher that is killed dies thread by thread, and the kernel may send its signal for each: only the first one counts.
for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stop(0))
for (const name of ['uncaughtException', 'unhandledRejection'] as const)
  process.on(name, (error: unknown) => {
    log.error({ err: error }, 'the engine process stops')
    stop(1)
  })

mkdirSync(config.dir, { recursive: true, mode: 0o700 })
withdraw()
if (config.socket === undefined) {
  engine = await startDockerd(config)
  void engine.ended.then(how => {
    if (stopping === undefined)
      throw new DeployError('DEPLOY_PROCESS_DIES', `The Docker engine ended by itself: ${how}.`)
  })
}
missing = 'the Python image is being put into the Docker engine'
const image = await ensureImage(docker, config.cacheDir)
symlinkSync(socket, readySocket(config.dir))
missing = ''
log.info({ socket, image }, 'Python filters can run')
