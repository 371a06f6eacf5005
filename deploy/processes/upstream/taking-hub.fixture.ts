// For tests: the hub's side. Its topics and registry on a real broker, an upstream process with just the rights it has in a started system, and what
// came of it.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import getPort from 'get-port'
import {
  type BrokerAccess,
  HUB_DEAD_LETTERS,
  type LogRecord,
  openAdmin,
  openLogReader,
  openRegistry,
  openRegistryClient,
  STREAMS,
  type UpstreamSettings,
  upstreamsTopic,
} from '#hub'
import { STATUS_TOPIC } from '#filters'
import { upstreamAcls } from '../../start/access/broker-acls.ts'
import { random } from './survey.fixture.ts'

const MAIN = join(import.meta.dirname, 'main.ts')

/** Waits until a condition holds; vitest's limit ends a test in which it never does. */
export const until = async (condition: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await condition())) await sleep(100)
}

const recordsOf = async (
  access: BrokerAccess,
  topic: string,
  partition: number,
  from: bigint,
): Promise<LogRecord[]> => {
  const reader = openLogReader(access, { clientId: 'test-read', topic, partition })
  try {
    const records: LogRecord[] = []
    for (let page = await reader.read(from, 0); ; page = await reader.read(page.next, 0)) {
      records.push(...page.records)
      if (page.next >= page.end) return records
    }
  } finally {
    await reader.close()
  }
}

/** Makes what is missing of the hub's topics; those that are there keep their partitions. */
const makeTopics = async (access: BrokerAccess): Promise<void> => {
  const admin = openAdmin(access)
  const known = await admin.listTopics()
  const large = { 'max.message.bytes': 10_485_760 }
  const wanted = [
    { name: STREAMS.lsst.topic, partitions: 3, configs: large },
    { name: STREAMS.ztf.topic, partitions: 2, configs: large },
    { name: HUB_DEAD_LETTERS, partitions: 1, configs: large },
    { name: STATUS_TOPIC, partitions: 1, configs: { 'cleanup.policy': 'compact' } },
    upstreamsTopic,
  ]
  await admin.createTopics(wanted.filter(({ name }) => !known.includes(name)))
  await admin.close()
}

const run = (configFile: string): ChildProcess =>
  spawn(process.execPath, [MAIN, '--config', configFile], { stdio: ['ignore', 'ignore', 'inherit'] })

/** What the status topic says of an upstream. */
export interface Status {
  readonly state: string
  readonly reason?: string
  readonly packets: number
  readonly deadLetters: number
  readonly schemas: readonly number[]
  readonly lag: { readonly alerts: number } | null
  readonly gaps: readonly { partition: number; from: string; to: string; since?: string; until?: string }[]
}

/** Opens the hub's side, with a process that is not started yet. */
export const openTakingHub = async (access: BrokerAccess) => {
  const dir = await mkdtemp(join(tmpdir(), 'skysieve-upstream-'))
  const folder = join(dir, 'upstreams')
  await mkdir(folder)
  await makeTopics(access)
  const admin = openAdmin(access)
  const schemasTopic = `test.schemas.${random()}`
  await admin.createTopics([{ name: schemasTopic, configs: { 'cleanup.policy': 'compact' } }])
  const registry = await openRegistry({ access, port: 0, topic: schemasTopic, transactionalId: schemasTopic })
  await registry.ready
  const user = `skysieve-upstream-${random()}`
  const password = random() + random()
  await admin.upsertUser(user, password)
  await admin.grant(upstreamAcls(user))
  const starts = new Map(
    await Promise.all(
      [STREAMS.lsst.topic, STREAMS.ztf.topic, HUB_DEAD_LETTERS].map(
        async topic => [topic, await admin.offsets(topic, 'latest')] as const,
      ),
    ),
  )
  const opsPort = await getPort()
  const configFile = join(dir, 'upstream.json')
  const config = { hub: { ...access, user, password }, registryUrl: registry.url, dir: folder, opsPort }
  await writeFile(configFile, JSON.stringify(config), { mode: 0o600 })
  let child: ChildProcess | undefined

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child
    child = undefined
    if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return
    const ended = new Promise(resolve => ending.once('exit', resolve))
    ending.kill(signal)
    await ended
  }
  /** Its records since this was opened, by partition. */
  const came = async (topic: string): Promise<LogRecord[][]> =>
    Promise.all(
      [...(starts.get(topic) ?? [])]
        .toSorted(([a], [b]) => a - b)
        .map(([partition, from]) => recordsOf(access, topic, partition, from)),
    )

  return {
    folder,
    registry: openRegistryClient(registry.url),
    registryUrl: registry.url,
    opsPort,
    config,
    add: async (name: string, settings: UpstreamSettings): Promise<void> => {
      const file = join(folder, `${name}.json`)
      await writeFile(`${file}.new`, JSON.stringify(settings), { mode: 0o600 })
      await rename(`${file}.new`, file)
    },
    remove: (name: string) => rm(join(folder, `${name}.json`)),
    start: (): void => {
      child = run(configFile)
    },
    /** Of the one that was started. */
    exitCode: async (): Promise<number | null> => {
      await until(() => child?.exitCode !== null || child.signalCode !== null)
      return child?.exitCode ?? null
    },
    /** A second process on the same folder. */
    startAnother: async () => {
      const port = await getPort()
      const file = join(dir, 'another.json')
      await writeFile(file, JSON.stringify({ ...config, opsPort: port }), { mode: 0o600 })
      const other = run(file)
      return {
        ready: async () => (await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined))?.status,
        kill: async () => {
          const ended = new Promise(resolve => other.once('exit', resolve))
          other.kill('SIGKILL')
          await ended
        },
      }
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    /** The records of a stream's topic since this was opened, by the hub's partition. */
    came,
    letters: async (upstream: string): Promise<LogRecord[]> =>
      (await came(HUB_DEAD_LETTERS))
        .flat()
        .filter(({ headers }) =>
          headers.some(([name, value]) => name === 'skysieve-upstream' && String(value) === upstream),
        ),
    /** Undefined where it is not known, or no more. */
    status: async (upstream: string): Promise<Status | undefined> => {
      const records = await recordsOf(
        access,
        STATUS_TOPIC,
        0,
        (await admin.offsets(STATUS_TOPIC, 'earliest')).get(0) ?? 0n,
      )
      const value = records.findLast(({ key }) => String(key) === `upstream/${upstream}`)?.value
      return value === undefined || value === null ? undefined : (JSON.parse(String(value)) as Status)
    },
    ready: async (): Promise<{ status: number; text: string }> => {
      const answer = await fetch(`http://127.0.0.1:${opsPort}/readyz`).catch(() => undefined)
      return answer === undefined ? { status: 0, text: '' } : { status: answer.status, text: await answer.text() }
    },
    close: async () => {
      await end('SIGKILL')
      await registry.close()
      await admin.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

export type TakingHub = Awaited<ReturnType<typeof openTakingHub>>
