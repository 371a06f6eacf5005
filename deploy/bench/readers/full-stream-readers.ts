// Readers of a whole topic as processes of their own: stock Python clients, and Kafka's own perf tool.
import { spawn, type ChildProcess } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { boundToParent, type BrokerAccess, javaEnvironment } from '#hub'
import { pythonVenvIn } from '../../setup/python-venv.ts'
import { CACHE_DIR } from '../../paths.ts'

/** Times are seconds since 1970. */
export interface Reading {
  readonly messages: number
  readonly bytes: number
  readonly begun: number
  readonly ended: number
}
export interface TimedReading extends Reading {
  readonly p50: number | null
  readonly p99: number | null
  readonly max: number | null
  readonly cpuSeconds: number
}

export interface ReadPlan {
  readonly topic: string
  readonly messages: number
  readonly from: 'earliest' | 'latest'
  /** Seconds after which a reader gives up. */
  readonly limit: number
}

const ended = (child: ChildProcess, what: string): Promise<void> =>
  new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', code => (code === 0 ? resolve() : reject(new Error(`${what} ended with ${code}`))))
  })

/** A Python reader; `assigned` resolves when it has its partitions. */
export const readWithPython = (access: BrokerAccess, plan: ReadPlan) => {
  const python = join(pythonVenvIn(CACHE_DIR), 'bin/python3')
  const script = join(import.meta.dirname, 'full_stream_reader.py')
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(`${JSON.stringify({ ...access, ...plan })}\n`)
  const assigned = Promise.withResolvers<void>()
  let last = ''
  createInterface({ input: child.stdout }).on('line', line => {
    last = line
    assigned.resolve()
  })
  const result = ended(child, 'a reader').then((): TimedReading => JSON.parse(last))
  result.catch(assigned.reject)
  return { assigned: assigned.promise, result }
}

/** Kafka's ConsumerPerformance; its password is in a file that its owner alone may read. */
export const readWithPerfTool = async (
  access: BrokerAccess,
  { topic, messages, limit }: ReadPlan,
  { libs, dir }: { readonly libs: string; readonly dir: string },
): Promise<Reading> => {
  const { user, password, bootstrap } = access
  const config = join(dir, `${user}.properties`)
  const login = `org.apache.kafka.common.security.scram.ScramLoginModule required username="${user}" password="${password}";`
  const settings = `security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-512\nsasl.jaas.config=${login}\n`
  writeFileSync(config, settings, { mode: 0o600 })
  const tool = ['-Xmx512m', '-cp', join(libs, '*'), 'org.apache.kafka.tools.ConsumerPerformance']
  const options = ['--bootstrap-server', bootstrap, '--topic', topic, '--group', user, '--command-config', config]
  const bounds = ['--num-records', String(messages), '--timeout', String(limit * 1000), '--hide-header']
  const java = boundToParent('java', [...tool, ...options, ...bounds])
  const child = spawn(java.command, java.args, {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: javaEnvironment(),
  })
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (part: string) => (said += part))
  await ended(child, 'the perf tool')
  const line = said.split('\n').find(one => /^\d{4}-\d\d-\d\d /.test(one))
  if (line === undefined) throw new Error(`the perf tool said: ${said}`)
  const [begun = '', end = '', mebibytes = '', , count = ''] = line.split(', ')
  const time = (text: string): number => Date.parse(text.replace(/:(\d+)$/, '.$1')) / 1000
  return { messages: Number(count), bytes: Number(mebibytes) * 1024 * 1024, begun: time(begun), ended: time(end) }
}
