export const description = 'Reliable detections above ten sigma where nothing was seen before'

export function filter(alert) {
  const { reliability, psfFlux, psfFluxErr } = alert.diaSource
  if (alert.ssSource != null || alert.prvDiaSources?.length > 0) return false
  return reliability > 0.9 && psfFluxErr > 0 && Math.abs(psfFlux) > 10 * psfFluxErr
}
