export const description = 'Known solar system objects that move by more than 0.05 degrees a day'

export function filter(alert) {
  if (alert.diaObject != null || alert.ssSource == null) return false
  const rate = alert.ssSource.ephRate
  return rate !== null && Number.isFinite(rate) && Math.abs(rate) > 0.05
}
