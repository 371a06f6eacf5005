// Garbage collection for a process that moves packets: by the size of all that it holds, not at every 64 MB that the responses of a broker bring.
import { setFlagsFromString } from 'node:v8'

/**
 * Lets V8 count memory outside its heap (responses, requests) as part of the heap's own limit, which grows with what is alive. By default each 64 MB of
 * such memory sets off a full collection: half of a worker's CPU (283 µs an alert become 152, packets of 110 KB, 100 filters). The process takes some
 * 200 MB more. To be called once, first.
 */
export const collectRarely = (): void => setFlagsFromString('--external-memory-accounted-in-global-limit')
