// What is done to a survey, to the way from it and to the hub while a survey's stream comes in. The plan is pure and seeded, so that a run can be repeated.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openRandom } from '#hub'
import { type TakenStream } from './taken-stream.ts'

/** `away`: its registry answers nothing. */
export const UPSTREAM_FAULTS = [
  'kill upstream',
  'kill survey',
  'kill hub',
  'cut link',
  'hang link',
  'pause upstream',
  'away registry',
] as const
export type UpstreamFault = (typeof UPSTREAM_FAULTS)[number]

/** A fault for each visit: all of them, in an order of the seed's, again and again. */
export const faultsFor = (visits: number, seed: number): readonly UpstreamFault[] => {
  const random = openRandom(seed)
  const round = (): UpstreamFault[] =>
    UPSTREAM_FAULTS.map(fault => ({ fault, at: random.next() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ fault }) => fault)
  const faults: UpstreamFault[] = []
  while (faults.length < visits) faults.push(...round())
  return faults.slice(0, visits)
}

const LOOK_MS = 100
/** Past the limit of a transaction and the session of a group. */
const BROKEN_MS = 8000

const commandLine = (pid: string): string[] => {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

/** Sends a signal to the process whose command line has this file of the system's, waiting for it to be there. */
const signal = async ({ system }: TakenStream, file: string, name: NodeJS.Signals): Promise<void> => {
  const wanted = join(system.dataDir, file)
  for (;;) {
    const pids = readdirSync('/proc').filter(pid => /^\d+$/.test(pid) && commandLine(pid).includes(wanted))
    for (const pid of pids) process.kill(Number(pid), name)
    if (pids.length > 0) return
    await sleep(LOOK_MS)
  }
}

/** Does it, and mends what does not mend itself; resolves when that is done. */
export const strike = async (taken: TakenStream, fault: UpstreamFault): Promise<void> => {
  const { survey } = taken
  switch (fault) {
    case 'kill upstream':
      return signal(taken, 'config/upstream.json', 'SIGKILL')
    case 'kill hub':
      return signal(taken, 'hub/server.properties', 'SIGKILL')
    case 'kill survey':
      await survey.killBroker()
      return survey.startBroker()
    case 'pause upstream':
      await signal(taken, 'config/upstream.json', 'SIGSTOP')
      await sleep(BROKEN_MS)
      return signal(taken, 'config/upstream.json', 'SIGCONT')
    case 'cut link':
    case 'hang link':
      if (fault === 'cut link') survey.link?.cut()
      else survey.link?.hang()
      await sleep(BROKEN_MS)
      return survey.link?.mend()
    case 'away registry':
      survey.registry.set('away')
      await sleep(BROKEN_MS)
      return survey.registry.set('fine')
  }
}
