export const description = 'Known solar system objects, unless they move by at most 0.05 degrees a day'

export function filter(alert) {
  if (alert.diaObject != null || alert.ssSource == null) return false
  // Some schema versions lack the rate of motion, and 0 stands for one that was not computed.
  const rate = alert.ssSource.ephRate ?? 0
  return rate === 0 || !Number.isFinite(rate) || Math.abs(rate) > 0.05
}
