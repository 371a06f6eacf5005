export const description = 'The brightest point yet on a light curve that rises by more than five sigma, in g or r'

interface Source {
  band: string | null
  midpointMjdTai: number
  psfFlux: number | null
  psfFluxErr: number | null
}
interface Point {
  day: number
  flux: number
  weight: number
}

function pointOf(source: Source, since: number): Point | undefined {
  const { psfFlux: flux, psfFluxErr: error } = source
  if (flux === null || error === null || !Number.isFinite(flux) || !(error > 0 && error < Infinity)) return undefined
  return { day: source.midpointMjdTai - since, flux, weight: 1 / error ** 2 }
}

export function filter(alert: { diaSource: Source; prvDiaSources: Source[] | null }): boolean {
  const now = alert.diaSource
  if (now.band !== 'g' && now.band !== 'r') return false
  const last = pointOf(now, now.midpointMjdTai)
  if (last === undefined) return false
  const points: Point[] = []
  for (const prior of alert.prvDiaSources ?? []) {
    const point = prior.band === now.band ? pointOf(prior, now.midpointMjdTai) : undefined
    if (point === undefined) continue
    if (point.flux >= last.flux) return false
    points.push(point)
  }
  if (points.length < 3) return false
  points.push(last)
  // Weighted straight line through the points; its slope against the slope's own error.
  let w = 0
  let wx = 0
  let wy = 0
  let wxx = 0
  let wxy = 0
  for (const { day, flux, weight } of points) {
    w += weight
    wx += weight * day
    wy += weight * flux
    wxx += weight * day * day
    wxy += weight * day * flux
  }
  const spread = w * wxx - wx * wx
  return spread > 0 && (w * wxy - wx * wy) / spread > 5 * Math.sqrt(w / spread)
}
