// The topic `_schemas` as a replicated log. In: decisions of rules/, taken one after another. Out: their records, in transactions of one fenced
// writer, and the state that all records make. A registry that was opened later fences this one off, which then only reads.
import { setTimeout as sleep } from 'node:timers/promises'
import { type ControlLog, openControlLog } from '../../control-topics/control-log.ts'
import { type ControlWriter, openControlWriter } from '../../control-topics/control-writer.ts'
import { HubError } from '../../errors.ts'
import { type BrokerAccess } from '../../kafka/broker-access.ts'
import { openQueue } from '../../kafka/serial-queue.ts'
import { parseRecord, type RegistryRecord } from './schemas-topic-records.ts'
import { refuse } from './registry-errors.ts'
import { type Decision, type Placed, type RegistryState, replayPlaced } from './registry-state.ts'

export interface RegistryLogOptions {
  readonly access: BrokerAccess
  readonly clientId: string
  readonly topic: string
  readonly transactionalId: string
  /** Told of outages, once each, and of records that cannot be read. */
  readonly onProblem: (problem: HubError) => void
}

/** Why the broker, the reading of the topic or the writer does not work; undefined where it does. */
interface RegistryLogHealth {
  readonly broker: string | undefined
  readonly schemas: string | undefined
  readonly writer: string | undefined
}

export interface RegistryLog {
  /** What is registered now. Throws a refusal before the topic was read. */
  state: () => RegistryState
  /** Calls the rule with the state as all earlier decisions left it, and writes what it decides; `state` shows it when this resolves. */
  decide: <T>(rule: (state: RegistryState) => Decision<T>) => Promise<T>
  /** Tells of every record there is, and of every change from then on: undefined is one that was removed. Throws a refusal before the topic was read. */
  follow: (listener: (key: string, record: Placed | undefined) => void) => () => void
  health: () => RegistryLogHealth
  /** Resolves when the topic was read and an earlier registry cannot write any more. */
  readonly ready: Promise<void>
  close: () => Promise<void>
}

const RETRY_MS = 1000
/** Longer than a broker's restart. */
const WRITE_LIMIT_MS = 30_000

/** Opens the log; answers at once, and keeps trying until the broker is there. */
export const openRegistryLog = (options: RegistryLogOptions): RegistryLog => {
  const { access, clientId, topic, transactionalId, onProblem } = options
  const closing = new AbortController()
  const { signal } = closing
  const queue = openQueue()
  let log: ControlLog<Placed> | undefined
  let writer: ControlWriter | undefined
  let current: RegistryState | undefined
  let places = 0
  /** False until the state shows all that an earlier registry could write. */
  let isReady = false
  let problem: HubError | undefined
  let fenced: HubError | undefined
  let attempts = 0
  /** The attempt whose outcome the log shows; while it is not the last one, the fate of a write is not known. */
  let settled = 0

  const openLog = async (): Promise<ControlLog<Placed>> => {
    const opened = await openControlLog<Placed>({
      access,
      clientId,
      topic,
      parse: (value, key) => ({ record: parseRecord(key, value.toString()), place: places++ }),
      onChange: () => (current = undefined),
      onProblem: found => {
        if (log === undefined) problem = found
        onProblem(found)
      },
      signal,
    })
    if (signal.aborted) await opened.close()
    return opened
  }

  const open = async (): Promise<void> => {
    while (!signal.aborted)
      try {
        log ??= await openLog()
        writer ??= await openControlWriter({ access, clientId, transactionalId })
        await log.catchUp()
        problem = undefined
        isReady = true
        return
      } catch (error) {
        if (signal.aborted) return
        const failed = error instanceof HubError ? error : new HubError('HUB_UNREACHABLE', String(error))
        if (problem?.message !== failed.message) onProblem(failed)
        problem = failed
        await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined)
      }
  }
  const opening = open()

  const state = (): RegistryState => {
    if (log === undefined) throw refuse('STORE', `The schemas are not read yet: ${problem?.message ?? 'starting'}`)
    current ??= replayPlaced([...log.entries()].map(([, entry]) => entry))
    return current
  }

  const write = async (records: readonly RegistryRecord[]): Promise<void> => {
    if (log === undefined || writer === undefined) throw refuse('STORE', `The topic ${topic} is not open`)
    const attempt = ++attempts
    await writer.write(records.map(record => ({ topic, ...record })))
    await log.catchUp()
    settled = attempt
  }

  /** A write, or a refusal where it failed. */
  const persist = async (records: readonly RegistryRecord[]): Promise<void> => {
    if (fenced !== undefined) throw refuse('NOT_LEADER', `Another registry has taken over: ${fenced.message}`)
    const done = new AbortController()
    const late = sleep(WRITE_LIMIT_MS, 'late' as const, { ref: false, signal: done.signal })
    late.catch(() => undefined)
    try {
      if ((await Promise.race([write(records), late])) !== 'late') return
    } catch (error) {
      if (!(error instanceof HubError) || error.code === 'HUB_REGISTRY_REFUSED') throw error
      if (error.code === 'HUB_FENCED' || error.code === 'HUB_TRANSACTION_EXPIRED') {
        fenced = error
        onProblem(error)
        throw refuse('NOT_LEADER', `Another registry has taken over: ${error.message}`)
      }
      if (error.code !== 'HUB_COMMIT_UNKNOWN') throw refuse('STORE', `Nothing was written: ${error.message}`)
    } finally {
      done.abort()
    }
    throw refuse('STORE_TIMEOUT', 'Whether this was written is not known; ask, or send it again')
  }

  return {
    state,
    decide: rule =>
      queue(async () => {
        if (!isReady) throw refuse('STORE', `Nothing can be decided yet: ${problem?.message ?? 'starting'}`)
        const outage = log?.problem()
        if (outage !== undefined) throw refuse('STORE', `Nothing was written: ${outage}`)
        // An empty transaction ends what an earlier one may have left open, and what is read after it is final.
        if (settled !== attempts) await persist([])
        const { records, answer } = rule(state())
        if (records.length > 0) await persist(records)
        return answer
      }),
    follow: listener => {
      state()
      for (const [key, record] of log?.entries() ?? []) listener(key, record)
      return log?.onChange(({ key, value }) => listener(key, value)) ?? (() => undefined)
    },
    health: () => ({
      broker: problem?.message ?? log?.problem() ?? (log === undefined ? 'not asked yet' : undefined),
      schemas: log === undefined ? `${topic} is not read yet` : undefined,
      writer: fenced?.message ?? (isReady ? undefined : 'an earlier registry may still write'),
    }),
    ready: opening,
    close: async () => {
      closing.abort()
      await log?.close()
      await opening
      await writer?.close()
    },
  }
}
