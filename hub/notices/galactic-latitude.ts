// How far a place on the sky is from the plane of our galaxy: for surveys that say it of none, or of some alerts only. Pure.

/**
 * The north galactic pole in ICRS, degrees: Hipparcos and Tycho Catalogues (ESA SP-1200, 1997), volume 1, equation 1.5.11, from which the formula is
 * too: sin b = sin δ sin δ_G + cos δ cos δ_G cos(α - α_G).
 */
const POLE = { ra: 192.859_48, dec: 27.128_25 }

const RADIANS = Math.PI / 180
const SIN_POLE = Math.sin(POLE.dec * RADIANS)
const COS_POLE = Math.cos(POLE.dec * RADIANS)

/** The galactic latitude of a position in ICRS, all in degrees; undefined where the position is no position. */
export const galacticLatitude = (raDeg: number | undefined, decDeg: number | undefined): number | undefined => {
  if (raDeg === undefined || decDeg === undefined || !(Math.abs(decDeg) <= 90)) return undefined
  const dec = decDeg * RADIANS
  const sine = Math.sin(dec) * SIN_POLE + Math.cos(dec) * COS_POLE * Math.cos((raDeg - POLE.ra) * RADIANS)
  // Rounding may leave the sine of the pole itself a little above 1.
  return Math.asin(Math.max(-1, Math.min(1, sine))) / RADIANS
}
