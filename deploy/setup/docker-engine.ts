// Which Docker engine a system has for Python filters: one that answers on this machine, one of its own, or none, with what to do.
import { openEngine, DEFAULT_SOCKET, reachEngine } from '#sandbox'
import { findProgram } from './programs.ts'

export type EngineChoice =
  | { readonly kind: 'machine'; readonly socket: string }
  | { readonly kind: 'own'; readonly program: string }
  /** `why` says what is missing and what to do, without a full stop. */
  | { readonly kind: 'none'; readonly why: string }

const UNIX = 'unix://'

/** The socket that Docker's own command line would use; an engine elsewhere cannot see our files. */
const usualSocket = (env: NodeJS.ProcessEnv): string => {
  const host = env['DOCKER_HOST'] ?? ''
  return host.startsWith(UNIX) ? host.slice(UNIX.length) : DEFAULT_SOCKET
}

const answers = (socket: string): Promise<boolean> =>
  reachEngine(openEngine(socket), socket).then(
    () => true,
    () => false,
  )

export interface EngineSearch {
  /** Folders that dockerd is looked for in. */
  readonly folders: readonly string[]
  readonly env: NodeJS.ProcessEnv
  /** The socket the operator named; then only that one will do. */
  readonly configured?: string | undefined
}

/** Looks for one; nothing is started. */
export const chooseEngine = async ({ folders, env, configured }: EngineSearch): Promise<EngineChoice> => {
  const socket = configured ?? usualSocket(env)
  if (await answers(socket)) return { kind: 'machine', socket }
  const silent = `no Docker engine answers at ${socket}`
  if (configured !== undefined) return { kind: 'none', why: `${silent}: start it, or leave --engine out` }
  const program = findProgram(folders, 'dockerd')
  if (program === undefined) return { kind: 'none', why: `${silent}: sudo apt-get install docker.io` }
  if (process.getuid?.() === 0) return { kind: 'own', program }
  const advice = 'sudo systemctl start docker, and sudo usermod -aG docker $USER for the right to use it'
  return { kind: 'none', why: `${silent}, and only root may start one: ${advice}` }
}
