// A cone on the sky as a box around unit vectors and a limit on their distance, so that neither 0 degrees nor a pole is a special case. Pure.

/** A unit vector. */
export interface Direction {
  readonly x: number
  readonly y: number
  readonly z: number
}

const RADIANS = Math.PI / 180

/** The unit vector of a position in degrees. */
export const directionOf = (raDeg: number, decDeg: number): Direction => {
  const [ra, dec] = [raDeg * RADIANS, decDeg * RADIANS]
  return { x: Math.cos(dec) * Math.cos(ra), y: Math.cos(dec) * Math.sin(ra), z: Math.sin(dec) }
}

export interface ConeBounds extends Direction {
  /** Half the side of a cube around the direction that holds the cone. */
  readonly halfSide: number
  /** A direction is within the cone when the square of its distance is at most this. */
  readonly maxSquare: number
}

/** Half the width of a single-precision number near 1, in which an R*Tree keeps its boxes; they are rounded outwards, this is for the question. */
const SLACK = 2 ** -22

/** The bounds of a cone. Radii of 180 degrees and more are the whole sky. */
export const coneBounds = (raDeg: number, decDeg: number, radiusDeg: number): ConeBounds => {
  const chord = 2 * Math.sin((Math.min(radiusDeg, 180) * RADIANS) / 2)
  return {
    ...directionOf(raDeg, decDeg),
    halfSide: chord + SLACK,
    // The rounding of two unit vectors, 1e-16 each, is added: 1e-10 arc seconds.
    maxSquare: (chord + 2 ** -51) ** 2,
  }
}

/** Whether a position is one of the sphere's. */
export const isPosition = (raDeg: number | undefined, decDeg: number | undefined): boolean =>
  Number.isFinite(raDeg) && Number.isFinite(decDeg) && Math.abs(decDeg ?? 0) <= 90
