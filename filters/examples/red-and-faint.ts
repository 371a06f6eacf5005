export const description = 'Faint, probably real detections in r, i or z that outshine what their object shows in g'

interface Alert {
  diaSource: { band: string | null; psfFlux: number | null; reliability: number | null }
  diaObject: { g_psfFluxMean: number | null } | null
}

const RED = ['r', 'i', 'z']

export function filter({ diaSource: source, diaObject }: Alert): boolean {
  if (source.band === null || !RED.includes(source.band)) return false
  const { psfFlux: flux, reliability } = source
  if (flux === null || reliability === null || !(flux > 0 && flux < 1000 && reliability > 0.6)) return false
  const green = diaObject?.g_psfFluxMean ?? null
  return green === null || !Number.isFinite(green) || flux > 1.5 * green
}
