// The audit of a run of nodes: a program in Python beside the operator, which reads as subscribers do and is told what happens to nodes.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'
import { STREAMS, SYNTHETIC_SCHEMA, SYNTHETIC_SCHEMA_ID } from '#hub'
import { CACHE_DIR } from '../../paths.ts'
import { pythonVenvIn } from '../../setup/python-venv.ts'
import { type journalFiles } from '../visits/journal.ts'
import { type Machines, type NodeMachine } from './machines.ts'
import type { ShownFilter } from './submit-filters.ts'

const Found = Type.Object({
  hubPackets: Type.Integer(),
  /** Read by the subscriber of all sources, and by those that follow by the command line. */
  deliveries: Type.Integer(),
  deliveriesByNode: Type.Record(Type.String(), Type.Integer()),
  followedDeliveries: Type.Integer(),
  lost: Type.Integer(),
  duplicated: Type.Integer(),
  overCap: Type.Integer(),
  wrongCounters: Type.Integer(),
  wrongDeliveries: Type.Integer(),
  /** From the hub until a subscriber could read it, of filters that deliver at once. */
  latencyMs: Type.Object({ p50: Type.Number(), p99: Type.Number(), max: Type.Number() }),
  problems: Type.Array(Type.String()),
})
export type NodesFindings = Static<typeof Found>

const Left = Type.Object({
  /** What the node had delivered, of how many filters. */
  deliveries: Type.Integer(),
  filters: Type.Integer(),
  /** Topics of which a follower has not printed all of it: the audit counts what is missing. */
  behind: Type.Array(Type.String()),
})

export interface NodesAudit {
  /** Reads all that a node has, before it is taken away; resolves when followers have, too. */
  readonly leave: (node: string) => Promise<Static<typeof Left>>
  /** Resolves when everything is as it should be, or with what differs when the limit is over. */
  readonly audit: () => Promise<NodesFindings>
  readonly close: () => void
}

export interface NodesAuditOptions {
  readonly filters: readonly ShownFilter[]
  /** Of their author. */
  readonly token: string
  readonly login: { readonly user: string; readonly password: string }
  readonly nodes: readonly NodeMachine[]
  readonly journal: ReturnType<typeof journalFiles>
  /** Topic → what its follower has printed. */
  readonly followed: Readonly<Record<string, string>>
  readonly closing: { readonly quietMs: number; readonly deadlineMs: number }
  readonly limitSeconds: number
}

export const openNodesAudit = (machines: Machines, options: NodesAuditOptions): NodesAudit => {
  const { nodes, ...rest } = options
  const plan = {
    ...rest,
    topic: STREAMS.lsst.topic,
    schemaId: SYNTHETIC_SCHEMA_ID,
    schema: SYNTHETIC_SCHEMA,
    apiUrl: machines.apiUrl,
    hub: machines.admin,
    nodes: nodes.map(({ name, admin, data }) => ({ name, access: admin, data })),
  }
  const python = join(pythonVenvIn(CACHE_DIR), 'bin/python3')
  const { command, args } = machines.on(python, [join(import.meta.dirname, 'audit_nodes.py')])
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const say = (line: object): void => void child.stdin.write(`${JSON.stringify(line)}\n`)
  const ask = async (line: object): Promise<unknown> => {
    say(line)
    const answer = await lines.next()
    if (answer.done === true) throw new Error('the audit ended without a result')
    return JSON.parse(answer.value)
  }
  say(plan)
  return {
    leave: async node => Value.Parse(Left, await ask({ leave: node })),
    audit: async () => Value.Parse(Found, await ask({ audit: true })),
    close: () => void child.stdin.end(),
  }
}
