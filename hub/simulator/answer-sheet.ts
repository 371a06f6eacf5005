// The answers of the example filters to what is played: filter → visit → ids of the alerts that must pass, as a JSON file.
import { rename, writeFile } from 'node:fs/promises'
import { type AnswerSheet, EXAMPLE_ANSWERS } from '../synthetic/example-answers.ts'
import { type SyntheticPacket, type SyntheticSource } from '../synthetic/source.ts'

/** Where the answers to a file of packets are. */
export const answersPath = (file: string): string => `${file}.answers.json`

/** Adds an alert to the sheet; every filter has an entry for every visit, empty where nothing passes. */
export const addAnswers = (sheet: AnswerSheet, { alertId, visit, alert }: SyntheticPacket): void => {
  for (const [filter, passes] of Object.entries(EXAMPLE_ANSWERS)) {
    const visits = (sheet[filter] ??= {})
    const ids = (visits[String(visit)] ??= [])
    if (passes(alert)) ids.push(String(alertId))
  }
}

/** The answers to a visit of the synthetic survey, made again from the seed. */
export const answersOf = (source: SyntheticSource, visitNumber: number, alerts: number): AnswerSheet => {
  const sheet: AnswerSheet = {}
  for (let number = 0; number < alerts; number++) addAnswers(sheet, source.packet(visitNumber, number))
  return sheet
}

/** Writes a sheet beside its final name and renames it. */
export const writeAnswers = async (path: string, sheet: AnswerSheet): Promise<void> => {
  const unfinished = `${path}.unfinished`
  await writeFile(unfinished, `${JSON.stringify(sheet, undefined, 1)}\n`)
  await rename(unfinished, path)
}
