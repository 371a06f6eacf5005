export const description =
  'ZTF: positive, brighter than magnitude 19, a real-bogus score above 0.6, no known asteroid within 5 arcseconds'

export function filter(alert) {
  const { magpsf, rb, isdiffpos, ssdistnr } = alert.candidate
  if (isdiffpos !== 't' && isdiffpos !== '1') return false
  const nearAsteroid = ssdistnr !== null && ssdistnr >= 0 && ssdistnr < 5
  return magpsf < 19 && rb !== null && rb > 0.6 && !nearAsteroid
}
