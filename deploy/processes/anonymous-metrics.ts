// Metrics as anybody on the machine may read them: what is counted by filter is counted of all filters together, for ids tell who has how many of them.

const FILTER_LABEL = /filter="[^"]*",?/
const FILTER_ID = /f[0-9a-z]{10}(?=[".])/g
const SAMPLE = /^(?<series>[^\s{]+(?:\{.*\})?) (?<value>\S+)$/

const withoutFilters = (series: string): string =>
  series.replace(FILTER_LABEL, '').replaceAll(FILTER_ID, 'filter').replace(',}', '}').replace('{}', '')

/** Prometheus's text with the samples of single filters added up. */
export function anonymousMetrics(text: string): string {
  const sums = new Map<string, number>()
  const lines: (string | { readonly series: string })[] = []
  for (const line of text.split('\n')) {
    const { series, value } = SAMPLE.exec(line)?.groups ?? {}
    const shown = series === undefined || line.startsWith('#') ? line : withoutFilters(series)
    if (series === undefined || shown === series || line.startsWith('#')) {
      lines.push(line)
      continue
    }
    if (!sums.has(shown)) lines.push({ series: shown })
    sums.set(shown, (sums.get(shown) ?? 0) + Number(value))
  }
  return lines.map(line => (typeof line === 'string' ? line : `${line.series} ${sums.get(line.series)}`)).join('\n')
}
