// Magnitudes as fluxes, for surveys that give no flux. Pure.

/** AB magnitude of one nanojansky. */
const ZERO_POINT = 31.4
/** 2.5 / ln 10: the relative error of a flux is its magnitude's error over this. */
const POGSON = 2.5 / Math.LN10

export interface FluxReading {
  /** Nanojanskys; negative where the source has faded. */
  readonly flux?: number
  readonly fluxErr?: number
  readonly snr?: number
}

/** The flux of a difference image's magnitude. */
export const fluxOfMagnitude = (
  magnitude: number | undefined,
  error: number | undefined,
  isPositive: boolean,
): FluxReading => {
  if (magnitude === undefined || !Number.isFinite(magnitude)) return {}
  const flux = 10 ** ((ZERO_POINT - magnitude) / 2.5) * (isPositive ? 1 : -1)
  if (error === undefined || !(error > 0)) return { flux }
  const snr = POGSON / error
  return { flux, fluxErr: Math.abs(flux) / snr, snr }
}
