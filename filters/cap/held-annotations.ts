// How much candidates of `best` may carry while they wait: each filter and visit has a bounded share of memory and progress.

/** Annotations of one filter's candidates in one visit. An alert has 4 KB at most (sandbox), so with a cap of up to 64 none is left out. */
const HELD_BYTES = 256 * 1024

/** Bytes of UTF-8 that an alert's annotations may have under `best` with this cap. Depends on the cap alone, so that the order in which alerts come makes no difference. */
export const heldAnnotationBytes = (cap: number): number => Math.floor(HELD_BYTES / cap)

/** For the author. */
export const leftOut = (alerts: number, cap: number): string =>
  `annotations of ${alerts} alert${alerts === 1 ? ' were' : 's were'} left out: under the policy best with cap ${cap} they may have ${heldAnnotationBytes(cap)} bytes an alert (${HELD_BYTES / 1024} KB a visit); write less, or lower the cap`
