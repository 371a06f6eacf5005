// How much memory a container has: the limits of its filters, and what the interpreter and its libraries take besides.

/** Memory of a container beyond its filters' limits (astropy and SciPy together take about 130 MB). */
const RUNTIME_MB = 192

/** MB of a container whose filters may have `memoryMb` together; the engine is given it as a limit, without swap. */
export const containerMb = (memoryMb: number): number => memoryMb + RUNTIME_MB
