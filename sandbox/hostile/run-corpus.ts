// Runs a corpus: each hostile filter for two batches beside good ones in one host, and what came of it for everybody.
import { type Batch } from '../columns/batch.ts'
import { type Program, type Sandbox, type Verdicts } from '../sandbox.ts'
import { type Outside } from './canaries.ts'
import { type HostileCase } from './corpus.ts'

export interface CaseResult {
  readonly name: string
  readonly category: string
  readonly expect: string
  /** What its author is told. */
  readonly told: string
  /** What is told is not what the case says must be. */
  readonly toldOtherwise: boolean
  readonly contained: boolean
  readonly goodVerdictsMissing: number
  /** How much longer the slower of its batches took than a quiet one. */
  readonly goodDelayMs: number
  readonly hostRestarts: number
  readonly touchedOutside: readonly string[]
}

export interface CorpusRun {
  readonly sandbox: Sandbox
  readonly good: readonly Program[]
  /** The program of a case. */
  readonly programOf: (each: HostileCase, id: string) => Program
  readonly batch: Batch
  readonly outside: Outside
  readonly hostPids: () => number[]
  /** Host restarts so far. */
  readonly restarts: () => number
}

export interface Summary {
  readonly cases: number
  readonly contained: number
  readonly goodVerdictsMissing: number
  readonly goodWorstDelayMs: number
  readonly hostRestarts: number
  readonly touchedOutside: number
}

const sameBits = (one: Uint32Array, other: Uint32Array): boolean =>
  one.length === other.length && one.every((word, index) => word === other[index])

const position = ({ line, column }: { line?: number; column?: number }): string =>
  line === undefined ? '' : ` (${line}:${column ?? 0})`

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

/** Loads the good filters and takes their quiet verdicts and time; then `run` one case after another. */
export async function openCorpusRun({ sandbox, good, programOf, batch, outside, hostPids, restarts }: CorpusRun) {
  const outcomes = await Promise.all(good.map(program => sandbox.load(program)))
  const unloaded = outcomes.filter(outcome => !outcome.ok).length
  if (unloaded > 0) throw new Error(`${unloaded} of the good filters could not be loaded`)
  const ids = good.map(({ id }) => id)
  const quietMs: number[] = []
  let quiet: readonly Verdicts[] = []
  for (let i = 0; i < 7; i++) {
    const start = performance.now()
    quiet = await sandbox.evaluate(batch, ids)
    quietMs.push(performance.now() - start)
  }
  const expected = new Map(quiet.map(verdicts => [verdicts.filter, verdicts.passed]))
  const usualMs = median(quietMs)

  const missingIn = (verdicts: readonly Verdicts[]): number =>
    ids.filter(id => {
      const found = verdicts.find(({ filter }) => filter === id)
      const wanted = expected.get(id)
      return (
        found === undefined || wanted === undefined || found.failure !== undefined || !sameBits(found.passed, wanted)
      )
    }).length

  return {
    usualMs,
    async run(each: HostileCase): Promise<CaseResult> {
      const id = `hostile-${each.name}`
      const before = restarts()
      let told = ''
      let missing = 0
      let slowestMs = 0
      const evaluate = async (filters: readonly string[]): Promise<Verdicts | undefined> => {
        const start = performance.now()
        const verdicts = await sandbox.evaluate(batch, filters)
        slowestMs = Math.max(slowestMs, performance.now() - start)
        missing += missingIn(verdicts)
        return verdicts.find(({ filter }) => filter === id)
      }
      // It is loaded while the others work, as in production.
      const [outcome] = await Promise.all([sandbox.load(programOf(each, id)), evaluate(ids)])
      if (!outcome.ok) told = `not loaded: ${outcome.reason}: ${outcome.error.message}${position(outcome.error)}`
      for (let round = 0; round < 2 && !told.includes(':'); round++) {
        const found = await evaluate([...ids.slice(0, ids.length >> 1), id, ...ids.slice(ids.length >> 1)])
        if (found?.failure)
          told = `${found.failure.reason}: ${found.failure.error.message}${position(found.failure.error)}`
        else if (found?.firstError) told = `error: ${found.firstError.message}${position(found.firstError)}`
        else told = 'verdicts'
      }
      await sandbox.unload(id)
      await evaluate(ids)
      const touchedOutside = outside.touched(hostPids())
      const toldOtherwise = each.says !== undefined && !new RegExp(each.says).test(told)
      const posture = await sandbox.posture()
      return {
        name: each.name,
        category: each.category,
        expect: each.expect,
        told,
        toldOtherwise,
        contained: !toldOtherwise && missing === 0 && touchedOutside.length === 0 && posture.ok,
        goodVerdictsMissing: missing,
        goodDelayMs: Math.max(0, Math.round(slowestMs - usualMs)),
        hostRestarts: restarts() - before,
        touchedOutside,
      }
    },
  }
}

/** The summary of the command's last line. */
export const summarise = (results: readonly CaseResult[]): Summary => ({
  cases: results.length,
  contained: results.filter(({ contained }) => contained).length,
  goodVerdictsMissing: results.reduce((sum, each) => sum + each.goodVerdictsMissing, 0),
  goodWorstDelayMs: results.reduce((worst, each) => Math.max(worst, each.goodDelayMs), 0),
  hostRestarts: results.reduce((sum, each) => sum + each.hostRestarts, 0),
  touchedOutside: results.reduce((sum, each) => sum + each.touchedOutside.length, 0),
})
