// Waits until a process of ours answers /readyz with 200, and says the reasons it gives until then.
import { setTimeout as sleep } from 'node:timers/promises'
import { type Static, Type } from 'typebox'
import { Value } from 'typebox/value'
import { DeployError } from '../../errors.ts'
import { LOOPBACK } from '../layout/ports.ts'

const PAUSE_MS = 150
const MAX_REASON = 200
const CALL_LIMIT_MS = 10_000

/**
 * Resolves when `http://127.0.0.1:<opsPort>/readyz` answers 200, however long that takes; `say` gets its reasons until then. Throws the
 * signal's reason, and DEPLOY_NOT_READY with the last reasons after a limit, where there is one.
 */
export const awaitReady = async (
  name: string,
  opsPort: number,
  signal: AbortSignal,
  say: (reason: string) => void,
  limitMs = Infinity,
): Promise<void> => {
  const deadline = performance.now() + limitMs
  for (;;) {
    signal.throwIfAborted()
    const reason = await whyNotReady(opsPort)
    if (reason === undefined) return
    say(reason)
    if (performance.now() > deadline)
      throw new DeployError('DEPLOY_NOT_READY', `${name} is not ready after ${limitMs / 1000} s: ${reason}`)
    await sleep(PAUSE_MS, undefined, { signal })
  }
}

export type Checks = Static<typeof Body>['checks']

/** What a process says of itself, ready or not; undefined where it does not answer. */
export const checksOf = async (opsPort: number): Promise<Checks | undefined> => {
  try {
    const signal = AbortSignal.timeout(CALL_LIMIT_MS)
    const response = await fetch(`http://${LOOPBACK}:${opsPort}/readyz`, { signal })
    const body: unknown = await response.json()
    return Value.Check(Body, body) ? body.checks : undefined
  } catch {
    return undefined
  }
}

/** Undefined when ready, else what the process says, or that it does not answer. */
const whyNotReady = async (opsPort: number): Promise<string | undefined> => {
  try {
    const signal = AbortSignal.timeout(CALL_LIMIT_MS)
    const response = await fetch(`http://${LOOPBACK}:${opsPort}/readyz`, { signal })
    const text = await response.text()
    return response.status === 200 ? undefined : reasonsIn(text)
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    return `no answer on port ${opsPort} (${cause instanceof Error ? cause.message : String(cause)})`
  }
}

const Body = Type.Object({
  checks: Type.Array(Type.Object({ name: Type.String(), ok: Type.Boolean(), reason: Type.Optional(Type.String()) })),
})

const reasonsIn = (text: string): string => {
  try {
    const body: unknown = JSON.parse(text)
    if (!Value.Check(Body, body)) return text.slice(0, MAX_REASON)
    const failing = body.checks.filter(({ ok }) => !ok)
    return failing.map(({ name, reason }) => `${name}: ${reason ?? 'no reason given'}`).join('; ')
  } catch {
    return text.slice(0, MAX_REASON)
  }
}
