// The sandbox of a process: what may be set about it, and how it is opened from these settings.
import { join } from 'node:path'
import { type Logger } from 'pino'
import { type Static, Type } from 'typebox'
import { openSandbox, type Posture, type SandboxMetrics, type WholeSandbox } from '#sandbox'
import { type Check } from './ops-server.ts'

export const SandboxConfig = Type.Object(
  {
    /** Host processes of each cordon. */
    hosts: Type.Optional(Type.Integer({ minimum: 1 })),
    jit: Type.Boolean({ default: false }),
    memoryMb: Type.Optional(Type.Integer({ minimum: 256 })),
    /** Plain processes without confinement; for development only. */
    unsafe: Type.Boolean({ default: false }),
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

/** Opens both runtimes, or the isolates alone where there are no containers. An engine that does not answer yet is found later. */
export const openProcessSandbox = ({
  dir,
  sandbox: { jit, unsafe, hosts, memoryMb },
  containers,
  logger,
  metrics,
}: ProcessSandboxOptions): Promise<WholeSandbox> => {
  if (unsafe) logger.warn('filters run in plain processes without confinement (--unsafe-sandbox): for development only')
  return openSandbox({
    isolates: {
      dir: join(dir, 'isolates'),
      logger,
      unsafe,
      metrics,
      defaults: { jit, ...(hosts === undefined ? {} : { hosts }), ...(memoryMb === undefined ? {} : { memoryMb }) },
    },
    ...(containers === undefined
      ? {}
      : { containers: { ...containers, dir: join(dir, 'containers'), logger, metrics } }),
  })
}
