// In a cell a machine dies with all that runs on it. If its broker coordinated a group, the next coordinator begins the sessions of all members anew, the dead
// one's too, whose work would wait that much longer: whoever is left takes it out of the group when its broker is out of the cluster.
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ClusterBroker } from '../admin/cluster.ts'
import { type ClusterAdmin, openAdmin } from '../admin/open-admin.ts'
import { type BrokerAccess } from '../broker-access.ts'

export interface DeadMembersOptions {
  readonly access: BrokerAccess
  readonly clientId: string
  readonly group: string
  /** Ends the watch. */
  readonly signal: AbortSignal
}

const LOOK_MS = 500
/** The coordinator is asked for anew this often: it moves when a broker comes back. */
const COORDINATOR_MS = 5000
/** A new coordinator reads the group first. */
const TRIES = 20
const PAUSE_MS = 200
const RETRIES = 1

/** A broker and the addresses of its machine. */
export interface PlacedBroker extends Pick<ClusterBroker, 'id'> {
  readonly addresses: readonly string[]
}

/** Whose machine is that of the broker that is gone, and of none that is there. Pure. */
export const membersOn = <M extends { readonly host: string }>(
  gone: PlacedBroker,
  there: readonly PlacedBroker[],
  members: readonly M[],
): readonly M[] => {
  const living = new Set(there.flatMap(({ addresses }) => addresses))
  return members.filter(({ host }) => gone.addresses.includes(host) && !living.has(host))
}

const placed = async ({ id, host }: ClusterBroker): Promise<PlacedBroker> => {
  const found = isIP(host) === 0 ? await lookup(host, { all: true }).catch(() => []) : [{ address: host }]
  return { id, addresses: found.map(({ address }) => address) }
}

const takeOut = async (
  admin: ClusterAdmin,
  { group, signal }: DeadMembersOptions,
  gone: PlacedBroker,
  there: readonly PlacedBroker[],
): Promise<void> => {
  for (let tried = 0; tried < TRIES && !signal.aborted; tried++) {
    const members = await admin.memberHosts(group).catch(() => undefined)
    if (members !== undefined) {
      // Another that is left may have been faster.
      for (const { memberId } of membersOn(gone, there, members))
        await admin.removeMember(group, memberId).catch(() => undefined)
      return
    }
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => undefined)
  }
}

/** Watches until the signal. Where one broker stands alone there is nothing to watch. */
export const watchDeadMembers = async (options: DeadMembersOptions): Promise<void> => {
  const { access, clientId, group, signal } = options
  if (!access.bootstrap.includes(',')) return
  const admin = openAdmin(access, clientId, RETRIES)
  let known: readonly PlacedBroker[] = []
  let coordinator: { readonly id: number; readonly atMs: number } | undefined
  while (!signal.aborted) {
    try {
      const there = await Promise.all((await admin.brokers()).map(placed))
      const gone = known.find(({ id }) => id === coordinator?.id && !there.some(one => one.id === id))
      if (gone !== undefined) await takeOut(admin, options, gone, there)
      known = there
      if (gone !== undefined || performance.now() - (coordinator?.atMs ?? -Infinity) > COORDINATOR_MS)
        coordinator = { id: await admin.coordinator(group), atMs: performance.now() }
    } catch {
      // A cell in which nobody answers is looked at again.
    }
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined)
  }
  await admin.close().catch(() => undefined)
}
