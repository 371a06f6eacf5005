// Keeps the certificate of a server good while the server runs: looks at it now and then, and has it made anew when a third of its life is left.
import { type X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { certificateIn, lifeOf } from '#hub'

const LOOK_MS = 3_600_000
const DAY_MS = 86_400_000

export interface KeptCertificate {
  /** Whose it is, for the screen. */
  readonly name: string
  /** Its PEM file. */
  readonly file: string
  /** Brings a new one into the file; may wait for somebody until the signal. */
  readonly renew: (signal: AbortSignal) => Promise<void>
  /** Has the server take it: at first, and whenever it is another one. What throws is told and tried again. */
  readonly take: () => Promise<void>
  readonly note: (text: string) => void
  readonly signal: AbortSignal
  readonly nowMs?: () => number
  readonly lookMs?: number
}

/** Until the signal; a certificate that cannot be renewed is tried again with every look, and told once a day. */
export const keepCertificate = async (kept: KeptCertificate): Promise<void> => {
  const { signal, lookMs = LOOK_MS } = kept
  const tell = openTelling(kept)
  let served: string | undefined
  while (!signal.aborted) {
    served = await look(kept, served, tell)
    await sleep(lookMs, undefined, { signal, ref: false }).catch(() => undefined)
  }
}

/** Tells what is not told already today. */
const openTelling = ({ note, nowMs = Date.now }: Pick<KeptCertificate, 'note' | 'nowMs'>) => {
  const told = new Map<string, number>()
  return (text: string): void => {
    if (nowMs() - (told.get(text) ?? -Infinity) < DAY_MS) return
    told.set(text, nowMs())
    note(`  ${text}`)
  }
}

/** `served` is the number of the certificate that the server was last told to take. Gives it as it is afterwards. */
const look = async (
  { name, file, renew, take, signal, nowMs = Date.now }: KeptCertificate,
  served: string | undefined,
  tell: (text: string) => void,
): Promise<string | undefined> => {
  const before = await certificateAt(file)
  if (before === undefined) return served
  const { isDue, isOver, endMs } = lifeOf(before, nowMs())
  if (isOver) tell(overText(name, endMs))
  if (isDue)
    try {
      await renew(signal)
    } catch (error) {
      if (!signal.aborted)
        tell(`The certificate of ${name} is good until ${dayOf(endMs)} and was not renewed: ${reasonOf(error)}`)
    }
  const now = (await certificateAt(file)) ?? before
  if (now.serialNumber === served) return served
  const what = `The certificate of ${name}, good until ${dayOf(lifeOf(now, nowMs()).endMs)},`
  try {
    await take()
    if (now.serialNumber !== before.serialNumber) tell(`${what} is served from now on.`)
    return now.serialNumber
  } catch (error) {
    tell(`${what} is served from the next start on: ${reasonOf(error)}`)
    return served
  }
}

/** Undefined where there is none: a system of plain text. */
const certificateAt = async (file: string): Promise<X509Certificate | undefined> =>
  certificateIn(await readFile(file, 'utf8').catch(() => ''))

const overText = (name: string, endMs: number): string =>
  `The certificate of ${name} ended on ${dayOf(endMs)}: nobody on other machines connects to it. It is renewed as soon as the hub answers; if the hub runs, check that this machine reaches its API, and the clocks of both.`

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
