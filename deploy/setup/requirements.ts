// What a machine must have, one entry each: how to see it, what it is for, and how to get it.
import { chooseEngine } from './docker-engine.ts'
import { findProgram } from './programs.ts'
import { type Part } from './purposes.ts'
import { tryCommand } from './run-command.ts'

const MIN_JAVA = 17

export interface Requirement {
  readonly name: string
  /** Debian packages that bring it. */
  readonly packages: readonly string[]
  /** Who needs it; absent where everybody does. */
  readonly parts?: readonly Part[]
  /** Whoever lacks it goes on without. */
  readonly isOptional?: boolean
  /** What works, and what not, without it. */
  readonly without: string
  /** Its state in a few words when it is there, or undefined. */
  readonly find: () => Promise<string | undefined>
}

const findJava = async (): Promise<string | undefined> => {
  const { code, output } = await tryCommand('java', ['-version'])
  const major = Number(/version "(\d+)/.exec(output)?.[1])
  return code === 0 && major >= MIN_JAVA ? `Java ${major}` : undefined
}

const findVenv = async (): Promise<string | undefined> =>
  (await tryCommand('python3', ['-c', 'import ensurepip, venv'])).code === 0 ? 'python3 with venv' : undefined

/** Everything, in the order it is shown; programs are looked for in `folders`. */
export const requirements = (folders: readonly string[], env: NodeJS.ProcessEnv = {}): readonly Requirement[] => {
  const program = (...names: readonly string[]) => ({
    find: async () => {
      const found = names.map(name => findProgram(folders, name))
      return found.every(file => file !== undefined) ? found.join(', ') : undefined
    },
  })
  const nothing = 'nothing starts without it'
  return [
    {
      name: `Java ${MIN_JAVA} or newer`,
      packages: ['default-jre-headless'],
      parts: ['kafka', 's3'],
      without: nothing,
      find: findJava,
    },
    {
      name: 'Maven',
      packages: ['maven'],
      parts: ['kafka', 's3'],
      without: 'Kafka cannot be fetched',
      ...program('mvn'),
    },
    {
      name: 'setpriv and flock',
      packages: ['util-linux'],
      without: nothing,
      ...program('setpriv', 'flock'),
    },
    {
      name: 'Redis',
      packages: ['redis-server'],
      parts: ['redis'],
      without: nothing,
      ...program('redis-server'),
    },
    {
      name: 'bubblewrap',
      packages: ['bubblewrap'],
      parts: ['isolates'],
      without: 'filters are not run outside their sandbox, so nothing would be delivered',
      ...program('bwrap'),
    },
    {
      name: 'Docker engine',
      packages: ['docker.io'],
      parts: ['engine'],
      isOptional: true,
      without: 'JavaScript and TypeScript filters run; Python filters need it',
      find: async () => {
        const { kind } = await chooseEngine({ folders, env })
        return kind === 'none' ? findProgram(folders, 'dockerd') : kind
      },
    },
    {
      name: 'kcat',
      packages: ['kcat'],
      parts: ['kcat'],
      without: 'the end-to-end tests read deliveries with it',
      find: async () => findProgram(folders, 'kcat') ?? findProgram(folders, 'kafkacat'),
    },
    {
      name: 'Python 3 with venv',
      packages: ['python3', 'python3-venv'],
      parts: ['clients', 'fuzz'],
      without: 'deliveries are read with it as a subscriber does',
      find: findVenv,
    },
  ]
}
