// How much CPU time a filter can have had for one batch, whatever its host says.
import { type Limits } from '../sandbox.ts'

/** Beyond a filter's limit: the time isolated-vm is given to stop it from inside; then its host is ended. */
export const GRACE_MS = 150
/** Calls into a filter for one batch at most: it may be loaded again in between and evaluated once more. */
const MAX_CALLS = 3

/** Each call is ended that takes longer than the limit and the grace, so a larger figure is none; nor is one that is not finite. */
export const chargeableMs = (cpuMs: number, { batchMs }: Limits): number =>
  cpuMs > 0 ? Math.min(cpuMs, MAX_CALLS * (batchMs + GRACE_MS)) : 0
