// What a chaos run does to the system and when: kill -9, SIGSTOP, a link that breaks or falls silent. Pure and seeded, so that a run can be repeated.
import { openRandom, type Random } from '#hub'

/** `kill`: SIGKILL. `pause`: SIGSTOP, later SIGCONT. `cut`: connections are reset and refused. `hang`: they stay open and carry nothing. */
type Action = 'kill' | 'pause' | 'cut' | 'hang'

export interface FaultKind {
  readonly action: Action
  /** A process by the supervisor's name, `<node>-host` for an isolate host of its worker, `<node>-link` for its way to the hub. */
  readonly target: string
  /** How long a pause, cut or silence lasts, shortest and longest. */
  readonly forMs?: readonly [number, number]
}

export interface Fault {
  /** After the start of the play. */
  readonly atMs: number
  readonly action: Action
  readonly target: string
  readonly forMs: number
  /** Chooses among several processes that fit. */
  readonly pick: number
}

const SHORT: readonly [number, number] = [2000, 6000]
/** Past the session timeout of groups and the limit of transactions (10 s). */
const LONG: readonly [number, number] = [3000, 14_000]
/** Past the 15 s after which a visit is over of which nothing more comes. */
const CUT_OFF: readonly [number, number] = [3000, 25_000]

const ofNode = (node: string): readonly FaultKind[] => [
  { action: 'kill', target: `${node}-worker` },
  { action: 'kill', target: `${node}-host` },
  { action: 'kill', target: `${node}-broker` },
  { action: 'kill', target: `${node}-mirror` },
  { action: 'pause', target: `${node}-worker`, forMs: LONG },
  { action: 'pause', target: `${node}-host`, forMs: SHORT },
  { action: 'pause', target: `${node}-broker`, forMs: SHORT },
  { action: 'pause', target: `${node}-mirror`, forMs: LONG },
  { action: 'cut', target: `${node}-link`, forMs: CUT_OFF },
  { action: 'hang', target: `${node}-link`, forMs: CUT_OFF },
]

const OF_HUB: readonly FaultKind[] = [
  { action: 'kill', target: 'hub-broker' },
  { action: 'kill', target: 'redis' },
  { action: 'kill', target: 'api' },
  { action: 'kill', target: 'archiver' },
  { action: 'pause', target: 'hub-broker', forMs: SHORT },
  { action: 'pause', target: 'redis', forMs: SHORT },
  { action: 'pause', target: 'api', forMs: SHORT },
  { action: 'pause', target: 'archiver', forMs: LONG },
]

/** The Docker engine and with it every container. */
const OF_ENGINE: FaultKind = { action: 'kill', target: 'engine' }

/** Everything that can be done to a system with these nodes, and with an engine for Python where it has one. */
export const faultKinds = (nodes: readonly string[], hasEngine = false): readonly FaultKind[] => [
  ...nodes.flatMap(ofNode),
  ...OF_HUB,
  ...(hasEngine ? [OF_ENGINE] : []),
]

/** What takes a node away from a hub that forgets: its way there, or who copies, for so long; and kills on the node meanwhile. */
export const awayKinds = (nodes: readonly string[], forMs: readonly [number, number]): readonly FaultKind[] =>
  nodes.flatMap((node): readonly FaultKind[] => [
    { action: 'cut', target: `${node}-link`, forMs },
    { action: 'pause', target: `${node}-mirror`, forMs },
    { action: 'hang', target: `${node}-link`, forMs },
    { action: 'kill', target: `${node}-worker` },
    { action: 'kill', target: `${node}-broker` },
  ])

export interface FaultPlanOptions {
  readonly kinds: readonly FaultKind[]
  readonly seed: number
  /** Faults begin within this time. */
  readonly withinMs: readonly [number, number]
  /** From one fault to the next, shortest and longest. */
  readonly gapMs: readonly [number, number]
  /** From the end of a fault on a node to the next on the same node: what is measured is recovery, not a series of faults. The hub's concern every node. */
  readonly restMs: number
}

const HUB = 'hub-broker'
const isNode = (place: string): boolean => /^node\d+$/.test(place)
const placeOf = (target: string): string => (target === HUB ? HUB : (target.split('-')[0] ?? target))

/** Of ten faults, one comes together with the next. */
const TOGETHER_CHANCE = 0.1
const TOGETHER_MS = 300
const LOOK_MS = 500

/** Faults in the order of their time. Each kind comes once before any comes again; as drawn, but that one whose node has not rested lets others go first. */
export const faultPlan = ({
  kinds,
  seed,
  withinMs: [first, last],
  gapMs,
  restMs,
}: FaultPlanOptions): readonly Fault[] => {
  const random = openRandom(seed, 2)
  const faults: Fault[] = []
  const hasRested = (target: string, atMs: number): boolean => {
    const place = placeOf(target)
    return faults.every(fault => {
      const other = placeOf(fault.target)
      const isNear = other === place || (isNode(other) && place === HUB) || (isNode(place) && other === HUB)
      return !isNear || atMs - fault.atMs - fault.forMs >= restMs
    })
  }
  let bag: FaultKind[] = []
  for (let atMs = first; atMs <= last && kinds.length > 0;) {
    if (bag.length === 0) bag = shuffled(kinds, random)
    // The hub's turn would never come if it let others go first: they strike its nodes.
    const candidates = bag[0]?.target === HUB ? bag.slice(0, 1) : bag
    const at = candidates.findIndex(({ target }) => hasRested(target, atMs))
    const [kind] = at === -1 ? [] : bag.splice(at, 1)
    if (kind === undefined) {
      atMs += LOOK_MS
      continue
    }
    const { action, target, forMs: [least, most] = [0, 0] } = kind
    const forMs = Math.round(random.between(least, most))
    faults.push({ atMs: Math.round(atMs), action, target, forMs, pick: random.next() })
    atMs += random.chance(TOGETHER_CHANCE) ? TOGETHER_MS : random.between(...gapMs)
  }
  return faults
}

const shuffled = <T>(items: readonly T[], random: Random): T[] => {
  const rest = [...items]
  const drawn: T[] = []
  while (rest.length > 0) drawn.push(...rest.splice(random.whole(0, rest.length - 1), 1))
  return drawn
}
