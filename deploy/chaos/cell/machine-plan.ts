// What the process of a machine is given and tells.
import { type Identity } from '../../start/join/identity.ts'
import { type NodeLayout } from '../../start/layout/node-layout.ts'
import { type ProcessEvent } from '../../start/supervise/supervisor.ts'

/** What it is given, and knows from then on without anybody. */
export interface MachinePlan {
  readonly dataDir: string
  readonly node: NodeLayout
  readonly identity: Identity
}

/** What it tells, a line of JSON each, on standard output. */
export type MachineLine = { readonly event: ProcessEvent } | { readonly note: string } | { readonly ready: true }
