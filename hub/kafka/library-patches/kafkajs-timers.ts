// kafkajs 2.2.4 sets a timer of a millisecond again and again once an answer has come, for each connection and as long as it lives:
// three connections that have nothing to do took 2.5 % of a core. Timers are set only for requests that wait, and requests without
// an answer are looked for each second instead of ten times. Any other version or shape: nothing is changed.
import { createRequire } from 'node:module'
import { isKnownVersion } from './kafkajs-direct-reading.ts'

const OVERDUE_EVERY_MS = 1000
/** As kafkajs: requests that wait for others are sent by these, but for the case that one is forgotten. */
const PENDING_EVERY_MS = 10

/** What is used of a connection's queue of requests. */
export interface RequestQueue {
  readonly pending: readonly unknown[]
  readonly inflight: ReadonlyMap<
    number,
    { readonly sentAt: number; readonly requestTimeout: number; readonly timeoutRequest: () => void }
  >
  readonly requestTimeout: number
  readonly enforceRequestTimeout: boolean
  /** Until when the broker wants no more requests. */
  readonly throttledUntil: number
  throttleCheckTimeoutId: NodeJS.Timeout | null
  requestTimeoutIntervalId: NodeJS.Timeout | null
  readonly isConnected: () => boolean
  readonly destroy: () => void
  readonly checkPendingRequests: () => void
  scheduleCheckPendingRequests: () => void
  scheduleRequestTimeoutCheck: () => void
}

function scheduleCheckPendingRequests(this: RequestQueue): void {
  if (this.pending.length === 0 || this.throttleCheckTimeoutId !== null) return
  const throttledMs = this.throttledUntil - Date.now()
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null
      this.checkPendingRequests()
    },
    throttledMs > 0 ? throttledMs : PENDING_EVERY_MS,
  )
}

function scheduleRequestTimeoutCheck(this: RequestQueue): void {
  if (!this.enforceRequestTimeout) return
  this.destroy()
  this.requestTimeoutIntervalId = setInterval(
    () => {
      const nowMs = Date.now()
      for (const request of this.inflight.values())
        if (nowMs - request.sentAt > request.requestTimeout) request.timeoutRequest()
      if (!this.isConnected()) this.destroy()
    },
    Math.min(this.requestTimeout, OVERDUE_EVERY_MS),
  )
}

let isPatched = false

/** For all kafkajs clients of the process; harmless when called again. */
export const patchTimers = (): void => {
  if (isPatched || !isKnownVersion()) return
  isPatched = true
  const { prototype } = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as {
    readonly prototype?: RequestQueue
  }
  const isShapeKnown =
    typeof prototype?.scheduleCheckPendingRequests === 'function' &&
    typeof prototype.scheduleRequestTimeoutCheck === 'function' &&
    typeof prototype.checkPendingRequests === 'function'
  if (prototype !== undefined && isShapeKnown)
    Object.assign(prototype, { scheduleCheckPendingRequests, scheduleRequestTimeoutCheck })
}
