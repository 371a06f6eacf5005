// The sandbox of a process: what may be set about it, and how it is opened from these settings.
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Logger } from 'pino'
import { type Static, Type } from 'typebox'
import {
  HOST_KINDS,
  openSandbox,
  SandboxError,
  type SandboxOptions,
  type Posture,
  type SandboxMetrics,
  type WholeSandbox,
} from '#sandbox'
import { type Check } from './ops-server.ts'

const LOOK_EVERY_MS = 5000
const ENGINE_PAUSE_MS = 500

export const SandboxConfig = Type.Object(
  {
    /** Host processes of each trust group. */
    hosts: Type.Optional(Type.Integer({ minimum: 1 })),
    jit: Type.Boolean({ default: false }),
    memoryMb: Type.Optional(Type.Integer({ minimum: 256 })),
    /** How isolate hosts are confined; bubblewrap, or containers where it cannot run, when absent. `unsafe` is not at all: for development only. */
    host: Type.Optional(Type.Enum([...HOST_KINDS])),
  },
  { additionalProperties: false, default: {} },
)

/** Absent where no Python filters run. */
export const ContainersConfig = Type.Object(
  {
    /** Socket of a Docker engine on this machine. */
    engine: Type.String(),
    /** Whose containers these are: the same for all processes of a system. */
    label: Type.String(),
    /** Where the assembled image is kept. */
    imageCache: Type.Optional(Type.String()),
    /** Python filters of one author share a container, and may fail together; else each has its own. */
    shareByAuthor: Type.Optional(Type.Boolean()),
    /** Memory that the engine sees under the same path; needed where this process is in a container itself. */
    sharedDir: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)

export interface ProcessSandboxOptions {
  /** Files of hosts and containers go below it. */
  readonly dir: string
  readonly sandbox: Static<typeof SandboxConfig>
  readonly containers: Static<typeof ContainersConfig> | undefined
  readonly logger: Logger
  readonly metrics: SandboxMetrics
}

/** How its sandbox is, for /readyz. What is no fault is said all the same: no confinement, no Docker engine. */
export const sandboxCheck = ({ ok, differences }: Posture): Check =>
  differences.length === 0 ? { name: 'sandbox', ok } : { name: 'sandbox', ok, reason: differences.join('; ') }

/** Opens both runtimes, or the isolates alone where there are no containers. An engine that does not answer yet is looked for until it does. */
export const openProcessSandbox = async ({
  dir,
  sandbox: { jit, host, hosts, memoryMb },
  containers,
  logger,
  metrics,
}: ProcessSandboxOptions): Promise<WholeSandbox> => {
  if (host === 'unsafe')
    logger.warn('filters run in plain processes without confinement (--unsafe-sandbox): for development only')
  const options: SandboxOptions = {
    isolates: {
      dir: join(dir, 'isolates'),
      logger,
      host,
      // In containers of the same engine as Python filters.
      ...(containers === undefined ? {} : { engine: containers }),
      metrics,
      defaults: { jit, ...(hosts === undefined ? {} : { hosts }), ...(memoryMb === undefined ? {} : { memoryMb }) },
    },
    ...(containers === undefined
      ? {}
      : { containers: { ...containers, dir: join(dir, 'containers'), logger, metrics } }),
  }
  const whole = await openWithEngine(options)
  const closing = new AbortController()
  if (containers !== undefined) void lookForEngine(whole, closing.signal)
  const close = (): Promise<void> => {
    closing.abort()
    return whole.close()
  }
  return { ...whole, close }
}

/** Hosts in containers need the engine first, which comes up beside this process. */
const openWithEngine = async (options: SandboxOptions): Promise<WholeSandbox> => {
  for (let waits = false; ;) {
    try {
      return await openSandbox(options)
    } catch (error) {
      if (!(error instanceof SandboxError) || error.code !== 'SANDBOX_ENGINE_UNREACHABLE') throw error
      if (!waits) options.isolates.logger.warn({ err: error }, 'isolate hosts wait for the Docker engine')
      waits = true
      await sleep(ENGINE_PAUSE_MS)
    }
  }
}

/** A system's engine comes up after its workers; what they say of it shall be true before the first Python filter, too. */
const lookForEngine = async (sandbox: WholeSandbox, signal: AbortSignal): Promise<void> => {
  const found = (): Promise<boolean> =>
    sandbox.containers().then(
      () => true,
      () => false,
    )
  while (!signal.aborted && !(await found()))
    await sleep(LOOK_EVERY_MS, undefined, { signal, ref: false }).catch(() => undefined)
}
