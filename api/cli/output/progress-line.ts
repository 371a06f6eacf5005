// How far long work is, for the person waiting: at most one line a second on stderr, with rate and time left.
import type { Output } from './output.ts'

const EVERY_MS = 1000
const MS = 1000

/** Gives what is called with what is done, and of how much where that is known. */
export function progressLine(out: Output, now: () => number = () => performance.now()) {
  const begunMs = now()
  let saidMs = begunMs
  return (done: number, of?: number): void => {
    const atMs = now()
    if (atMs - saidMs < EVERY_MS) return
    saidMs = atMs
    const perSecond = (done / (atMs - begunMs)) * MS
    const left = of === undefined || perSecond === 0 ? '' : `, ${Math.ceil((of - done) / perSecond)} s left`
    out.progress(`${done}${of === undefined ? '' : ` of ${of}`}, ${Math.round(perSecond)}/s${left}`)
  }
}
