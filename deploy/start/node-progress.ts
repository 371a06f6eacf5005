// How far a node alone on its machine has come, on its screen: what it waits for, how much it has copied, that it has caught up, and when it falls behind.
import { type MirrorLag } from '#mirrors'
import { type Dashboard } from './dashboard.ts'
import { type Step } from './run-plan.ts'

/** So few are on their way at any time. */
const FEW = 100
/** A line for each change would fill a log. */
const QUIET_MS = 30_000
const LATE_SECONDS = 60
/** Without a look at the hub for so long, the operator is told what goes on all the same. */
const SILENT_MS = 20_000

/** Whether everything is here that was on the hub at the first look. Pure. */
export const openCatchUp = (): ((lag: Pick<MirrorLag, 'alerts' | 'onHub' | 'copied'>) => boolean) => {
  let target: bigint | undefined
  return ({ alerts, onHub, copied }) => {
    target ??= onHub
    return copied >= target || alerts <= FEW
  }
}

const count = (alerts: bigint | number): string => alerts.toLocaleString('en')

/** `step` waits until the node has caught up once; `onLag` takes each look. */
export const followCopying = (
  name: string,
  { step: show, note }: Dashboard,
  isTerminal: boolean,
  nowMs: () => number = () => performance.now(),
): { readonly onLag: (lag: MirrorLag) => void; readonly step: Step } => {
  const hasCaughtUp = openCatchUp()
  const done = Promise.withResolvers<void>()
  let [isDone, isLate, toldMs] = [false, false, -Infinity]
  const copying = (lag: MirrorLag): void => {
    if (!isTerminal && nowMs() - toldMs < QUIET_MS) return
    toldMs = nowMs()
    show(`${name}-copy`, `${count(lag.copied)} alerts are here, ${count(lag.alerts)} are to come`)
  }
  let silence: NodeJS.Timeout | undefined
  const onLag = (lag: MirrorLag): void => {
    clearTimeout(silence)
    if (!isDone) {
      isDone = hasCaughtUp(lag)
      if (!isDone) return copying(lag)
      show(`${name}-copy`, `caught up: ${count(lag.copied)} alerts are here`)
      return done.resolve()
    }
    const late = lag.seconds > LATE_SECONDS
    if (late !== isLate)
      note(late ? `  ${name} is ${count(lag.alerts)} alerts behind the hub.` : `  ${name} has caught up with the hub.`)
    isLate = late
    return undefined
  }
  const run = async (signal: AbortSignal): Promise<void> => {
    const waits = (): void => show(`${name}-copy`, 'waits for the hub; filters run on what is here')
    silence = setTimeout(waits, SILENT_MS)
    await orAborted(done.promise, signal).finally(() => clearTimeout(silence))
  }
  return { onLag, step: { name: `${name}-copy`, after: [], run } }
}

const orAborted = async (promise: Promise<void>, signal: AbortSignal): Promise<void> => {
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const give = (): void => reject(signal.reason)
  signal.addEventListener('abort', give, { once: true })
  await Promise.race([promise, ended]).finally(() => signal.removeEventListener('abort', give))
}
