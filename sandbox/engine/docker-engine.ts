// The Docker engine. In comes its address, out goes a client of it, or an error that says that nobody answers.
import Docker, { type DockerOptions } from 'dockerode'
import { SandboxError } from '../errors.ts'

/** Path of a Docker engine's socket, or what dockerode takes. */
export type EngineAddress = string | DockerOptions

export const DEFAULT_SOCKET = '/var/run/docker.sock'

const PING_MS = 5000

/** A client of the engine; nothing is sent yet. */
export const openEngine = (engine: EngineAddress): Docker =>
  new Docker(typeof engine === 'string' ? { socketPath: engine } : engine)

/** The HTTP status the engine answered with, or nothing when it did not answer. */
export function statusOf(error: unknown): number | undefined {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined
  return typeof status === 'number' ? status : undefined
}

const nameOf = (engine: EngineAddress): string =>
  typeof engine === 'string' ? engine : (engine.socketPath ?? `${engine.host ?? 'the engine'}:${engine.port ?? ''}`)

/** What is thrown when nobody answers. */
const unreachable = (engine: EngineAddress, cause: unknown): SandboxError =>
  new SandboxError(
    'SANDBOX_ENGINE_UNREACHABLE',
    `No Docker engine answers at ${nameOf(engine)} (${cause instanceof Error ? cause.message : String(cause)}), so Python filters cannot run. ` +
      'Start one (systemctl start docker), let this user use its socket, or set where it is.',
    { cause },
  )

/** Throws SANDBOX_ENGINE_UNREACHABLE unless the engine answers soon. */
export async function reachEngine(docker: Docker, engine: EngineAddress): Promise<void> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new Error(`no answer within ${PING_MS} ms`)), PING_MS)
  try {
    await Promise.race([docker.ping(), late.promise])
  } catch (error) {
    throw unreachable(engine, error)
  } finally {
    clearTimeout(timer)
  }
}

/** Whether it is on this machine and takes a path of control groups as it is. */
export async function takesGroups(docker: Docker, engine: EngineAddress): Promise<boolean> {
  const { CgroupDriver: driver } = (await docker.info()) as { readonly CgroupDriver?: string }
  return driver === 'cgroupfs' && (typeof engine === 'string' || engine.socketPath !== undefined)
}
