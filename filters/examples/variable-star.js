export const description =
  'Objects seen ten times or more whose flux scatters far beyond its errors, on both sides of the template'

export function filter(alert) {
  const priors = alert.prvDiaSources
  if (priors === null || priors.length < 10) return false
  const band = alert.diaSource.band
  const fluxes = []
  const errors = []
  for (const { band: itsBand, psfFlux, psfFluxErr } of priors) {
    if (itsBand !== band || psfFlux === null || !Number.isFinite(psfFlux)) continue
    if (psfFluxErr === null || !Number.isFinite(psfFluxErr) || psfFluxErr <= 0) continue
    fluxes.push(psfFlux)
    errors.push(psfFluxErr)
  }
  if (fluxes.length < 5) return false
  let sum = 0
  let weights = 0
  let above = 0
  for (let i = 0; i < fluxes.length; i++) {
    const weight = 1 / errors[i] ** 2
    weights += weight
    sum += weight * fluxes[i]
    if (fluxes[i] > 0) above++
  }
  if (above === 0 || above === fluxes.length) return false
  const mean = sum / weights
  let chiSquare = 0
  for (let i = 0; i < fluxes.length; i++) chiSquare += ((fluxes[i] - mean) / errors[i]) ** 2
  return chiSquare / (fluxes.length - 1) > 10
}
