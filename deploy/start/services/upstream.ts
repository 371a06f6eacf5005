// The process that takes surveys' streams in, started when the first upstream is added: a system without one has none.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { PACKET_ENV } from '#hub'
import { hubAccess, type HubLayout } from '../layout/hub-layout.ts'
import { UPSTREAM_USER } from '../layout/kafka-users.ts'
import { type MachineLayout } from '../layout/machine-layout.ts'
import { afterDeath } from '../supervise/back-off.ts'
import { type ProcessEvent, type ProcessSpec, Supervisor } from '../supervise/supervisor.ts'
import { ownProcess } from './own-process.ts'

const LOOK_MS = 1000

const folderOf = ({ dataDir }: MachineLayout): string => join(dataDir, 'upstreams')

const upstreamProcess = (machine: MachineLayout, hub: HubLayout): ProcessSpec =>
  ownProcess(machine, {
    name: 'upstream',
    kind: 'upstream',
    opsPort: hub.ports.upstreamOps,
    env: PACKET_ENV,
    settings: () => ({
      hub: hubAccess(hub, UPSTREAM_USER),
      registryUrl: hub.registryWriteUrl,
      dir: folderOf(machine),
      opsPort: hub.ports.upstreamOps,
    }),
  })

/** Keeps that process. It is never given up: a survey may be away for longer than a start takes. */
export const upstreamSupervisor = ({ dirs }: MachineLayout, report: (event: ProcessEvent) => void): Supervisor =>
  new Supervisor(dirs.logs, report, deaths => ({ ...afterDeath(deaths), keepsDying: false }))

/** Looks until the signal whether there is an upstream, and starts the process then; it follows the folder itself. */
export const runUpstreams = async (
  machine: MachineLayout,
  hub: HubLayout,
  supervisor: Supervisor,
  note: (text: string) => void,
  signal: AbortSignal,
): Promise<void> => {
  const folder = folderOf(machine)
  const hasUpstream = (): boolean => existsSync(folder) && readdirSync(folder).some(name => name.endsWith('.json'))
  try {
    while (!hasUpstream()) await sleep(LOOK_MS, undefined, { signal })
    await supervisor.start(upstreamProcess(machine, hub), signal)
    note('  The streams of all upstreams come in: npx skysieve upstream list')
  } catch (error) {
    if (!signal.aborted) note(`  Upstreams are not taken: ${error instanceof Error ? error.message : String(error)}`)
  }
}
