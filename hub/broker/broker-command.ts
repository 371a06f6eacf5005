// The command line of a broker. Nothing secret is in it or in its environment; the configuration file is readable by its owner only.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { brokerFiles, type BrokerSettings } from './settings.ts'

export interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}

const SEARCH_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const SETPRIV = '/usr/bin/setpriv'
const DEFAULT_HEAP_MB = 768
const MIN_HEAP_MB = 256

/** Lets the kernel end a child with its parent, where it can (Linux with setpriv). */
export const boundToParent = (command: string, args: readonly string[]): Pick<Command, 'command' | 'args'> =>
  process.platform === 'linux' && existsSync(SETPRIV)
    ? { command: SETPRIV, args: ['--pdeathsig', 'KILL', '--', command, ...args] }
    : { command, args }

/** The environment of a Java child: nothing of ours but where programs lie. */
export const javaEnvironment = (): Record<string, string> => ({ PATH: SEARCH_PATH, LC_ALL: 'C.UTF-8' })

/**
 * Requests of 8 MB are ordinary objects to the parallel collector, and the young generation stays mapped. G1 makes each of them a humongous region and
 * gives memory back and forth: half of a broker's CPU a delivery went there. When memory is out the broker ends, instead of going on without some of its threads.
 */
const JVM_FLAGS = [
  '-XX:+UseParallelGC',
  '-XX:-UseAdaptiveSizePolicy',
  '-XX:+ExitOnOutOfMemoryError',
  '-Djava.awt.headless=true',
]
/** Of the heap: several requests fit, so that few outlive a collection. */
const YOUNG_SHARE = 0.4

/** How to run the broker that prepareBroker has prepared. */
export const brokerCommand = (settings: BrokerSettings): Command => {
  const { dir, libs, heapMb = DEFAULT_HEAP_MB, java = 'java' } = settings
  const files = brokerFiles(dir)
  const maxHeapMb = Math.max(heapMb, MIN_HEAP_MB)
  const args = [
    `-Xms${maxHeapMb}m`,
    `-Xmx${maxHeapMb}m`,
    `-Xmn${Math.round(maxHeapMb * YOUNG_SHARE)}m`,
    ...JVM_FLAGS,
    `-Dlog4j2.configurationFile=${files.logging}`,
    `-Dkafka.logs.dir=${dir}`,
    '-cp',
    join(libs, '*'),
    'kafka.Kafka',
    files.properties,
  ]
  return { ...boundToParent(java, args), env: javaEnvironment(), cwd: dir }
}
