// A filter of a lane that reached fields its batch does not carry: the same alerts are read again from their packets with those, for it alone, and what it
// learned is kept in its record. From then on its lane's batches carry them too.
import { readFrame, type Stream } from '#hub'
import { type Sandbox, type Verdicts } from '#sandbox'
import { type AlertBytes, learnColumns } from '../trial/learn-columns.ts'
import { type AwaitedSchemas } from '../batch/awaited-schemas.ts'
import { type LaneBatch } from '../batch/lane-batch.ts'
import { type ShardState } from '../progress/shard-state.ts'
import { type RunningFilter } from './running-filter.ts'

export interface RelearnOptions {
  readonly sandbox: Sandbox
  readonly streams: readonly Stream[]
  readonly shardState: ShardState
  readonly awaitedSchemas: AwaitedSchemas
}

interface Relearned {
  readonly verdicts: Verdicts
  /** What its author is told, when it learned something. */
  readonly told?: string
}

/**
 * Verdicts of a runner on a batch whose columns do not suffice; `first` is what it answered when it was tried on them. Its program is replaced, or unloaded
 * where the runner has left its lane meanwhile. Rejects when the sandbox cannot run.
 */
export type Relearn = (
  runner: RunningFilter,
  batch: LaneBatch,
  options: { readonly isIn: () => boolean; readonly first?: Verdicts | undefined },
) => Promise<Relearned>

const MAX_NAMED = 40

export const openRelearning =
  ({ sandbox, streams, shardState, awaitedSchemas }: RelearnOptions): Relearn =>
  async (runner, batch, { isIn, first }) => {
    const stream = streams.find(({ name }) => name === runner.manifest.stream)
    if (stream === undefined) throw new TypeError(`there is no stream ${runner.manifest.stream}`)
    const alerts = await alertsOf(batch, awaitedSchemas.of(stream.name))
    const { program, learning } = runner
    const lesson = await learnColumns({ sandbox, stream, alerts, program, learning, ...(first && { first }) })
    runner.program = lesson.program
    if (!isIn()) await sandbox.unload(lesson.program.id)
    const { names, chargedMs } = lesson
    const verdicts = { ...lesson.verdicts, cpuMs: chargedMs }
    if (names.length === 0) return { verdicts }
    const record = shardState.filters.get(runner.id)
    if (record?.version === runner.version) record.learned = [...new Set([...record.learned, ...names])]
    return { verdicts, told: toldOf(names, alerts.length, chargedMs) }
  }

async function alertsOf({ entries }: LaneBatch, schemaOf: ReturnType<AwaitedSchemas['of']>): Promise<AlertBytes[]> {
  const alerts: AlertBytes[] = []
  for (const { row, packet, timestampMs } of entries) {
    if (row < 0) continue
    const { schemaId, body } = readFrame(packet)
    const schema = await schemaOf(schemaId)
    if (schema === undefined)
      throw new TypeError(`schema ${schemaId}, by which a packet was read, is not known any more`)
    alerts.push({ schemaId, schema, body, timestampMs })
  }
  return alerts
}

function toldOf(names: readonly string[], alerts: number, chargedMs: number): string {
  const shown = names.slice(0, MAX_NAMED).join(', ')
  const more = names.length > MAX_NAMED ? ` and ${names.length - MAX_NAMED} more` : ''
  return (
    `it reads fields whose names do not stand in its source: ${shown}${more}. It is given them from now on, and ${alerts} alerts were evaluated again with them ` +
    `(${chargedMs.toFixed(1)} ms of CPU); what passes does not depend on it`
  )
}
