// Hands a played system to the audit: a program in Python that shares no code with the engine and reads the brokers' topics itself.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import {
  adminAccess,
  brokerFiles,
  NOTICE_SCHEMA,
  noticesTopic,
  STREAMS,
  SYNTHETIC_SCHEMA,
  SYNTHETIC_SCHEMA_ID,
} from '#hub'
import { pythonVenvIn } from '../../setup/python-venv.ts'
import { CACHE_DIR } from '../../paths.ts'
import { type Layout } from '../../start/layout/layout.ts'
import { LOOPBACK } from '../../start/layout/ports.ts'
import { type LiveFilter } from '../system/filters.ts'
import { type journalFiles } from '../visits/journal.ts'
import { type InjectedFault } from '../faults/inject.ts'

const Findings = Type.Object({
  hubPackets: Type.Integer(),
  hubTwice: Type.Integer(),
  /** Node → packets that had left the hub before it had them, as it reports. */
  gapAlerts: Type.Record(Type.String(), Type.Integer()),
  deliveries: Type.Integer(),
  lost: Type.Integer(),
  duplicated: Type.Integer(),
  overCap: Type.Integer(),
  wrongCounters: Type.Integer(),
  wrongDeliveries: Type.Integer(),
  /** Packets of the hub that the archive does not have as they are. */
  notArchived: Type.Integer(),
  /** Packets that were not announced exactly once. */
  wrongNotices: Type.Integer(),
  latencyMs: Type.Object({ p50: Type.Number(), p99: Type.Number(), max: Type.Number() }),
  recoveries: Type.Array(Type.Object({ action: Type.String(), target: Type.String(), seconds: Type.Number() })),
  recoverSecondsMax: Type.Number(),
  /** From a fault until each filter that passes everything had delivered something sent after it. */
  takeovers: Type.Array(Type.Object({ action: Type.String(), target: Type.String(), seconds: Type.Number() })),
  problems: Type.Array(Type.String()),
})
/** What the audit found; `problems` has the first of each kind in words. */
export type Findings = Static<typeof Findings>

export interface AuditOptions {
  readonly layout: Layout
  readonly topic: string
  readonly filters: readonly LiveFilter[]
  /** Where the player wrote down what the hub acknowledged. */
  readonly journal: ReturnType<typeof journalFiles>
  /** Whether the hub forgot while it was played: then nodes are compared with what they report, packet by packet. */
  readonly hubForgets: boolean
  readonly struck: readonly InjectedFault[]
  /** When a `best` visit is over. */
  readonly closing: { readonly quietMs: number; readonly deadlineMs: number }
  /** How long what is still to come may take. */
  readonly limitSeconds: number
}

/** Resolves when everything is as it should be, or with what differs when the limit is over. Throws when the audit itself fails. */
export const audit = async (options: AuditOptions): Promise<Findings> => {
  const { layout, struck, hubForgets, ...rest } = options
  if (layout.hub.archive === undefined) throw new TypeError('a chaos run has an archive')
  const plan = {
    ...rest,
    schemaId: SYNTHETIC_SCHEMA_ID,
    schema: SYNTHETIC_SCHEMA,
    hub: adminAccess(layout.hub.broker),
    archive: join(layout.hub.archive.dir, 'objects'),
    noticesTopic: noticesTopic(STREAMS.lsst.name),
    noticeSchema: NOTICE_SCHEMA,
    hubForgets,
    metricsToken: layout.hub.secrets.adminToken,
    nodes: layout.nodes.map(({ name, broker, ports, shards }) => ({
      name,
      access: adminAccess(broker),
      data: brokerFiles(broker.dir).data,
      metrics: Array.from({ length: shards }, (_, at) => `http://${LOOPBACK}:${ports.workerOps + at}/metrics`),
    })),
    struck,
  }
  const python = join(pythonVenvIn(CACHE_DIR), 'bin/python3')
  const child = spawn(python, [join(import.meta.dirname, 'audit.py')], { stdio: ['pipe', 'pipe', 'inherit'] })
  child.stdin.end(JSON.stringify(plan))
  const output = await text(child.stdout)
  const findings: unknown = output === '' ? undefined : JSON.parse(output)
  if (!Value.Check(Findings, findings)) throw new Error(`the audit ended without a result: ${output.slice(0, 500)}`)
  return findings
}
