// Which build a process runs, as the metric that dashboards join the others with.
import { readFileSync } from 'node:fs'
import { Gauge, type Registry } from 'prom-client'
import { Type } from 'typebox'
import { Value } from 'typebox/value'

const Package = Type.Object({ version: Type.String() })

/** Declares `skysieve_build_info`, which is always 1. */
export const buildInfo = (register: Registry): void => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { version } = Value.Parse(Package, JSON.parse(text))
  new Gauge({
    name: 'skysieve_build_info',
    help: 'Always 1; the labels say which build runs.',
    labelNames: ['version', 'node'],
    registers: [register],
  }).set({ version, node: process.version }, 1)
}
