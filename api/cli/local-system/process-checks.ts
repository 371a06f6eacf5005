// What the processes of a system that was started in the working directory say they wait for: their reasons at /readyz.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRecord, isText } from '../context/json-shape.ts'
import { DATA_DIRECTORY } from './local-system.ts'

const ANSWER_LIMIT_MS = 2000

export interface Wait {
  readonly process: string
  readonly check: string
  /** False where it is not ready for that. */
  readonly ok: boolean
  readonly reason: string
}

/** Of all its processes; none where no system was started in the directory. One that does not answer is left out. */
export async function failedChecks(directory: string): Promise<readonly Wait[]> {
  const configs = join(directory, DATA_DIRECTORY, 'config')
  const ports = opsPorts(configs)
  const waits = await Promise.all(ports.map(async ([process, port]) => waitsOf(process, await checksAt(port))))
  return waits.flat()
}

const opsPorts = (folder: string): readonly (readonly [string, number])[] => {
  try {
    return readdirSync(folder)
      .filter(name => name.endsWith('.json'))
      .toSorted()
      .flatMap(name => {
        const config: unknown = JSON.parse(readFileSync(join(folder, name), 'utf8'))
        const port = isRecord(config) ? config['opsPort'] : undefined
        return Number.isInteger(port) ? [[name.replace(/\.json$/, ''), Number(port)] as const] : []
      })
  } catch {
    return []
  }
}

const checksAt = async (port: number): Promise<readonly unknown[]> => {
  try {
    const signal = AbortSignal.timeout(ANSWER_LIMIT_MS)
    const body: unknown = await (await fetch(`http://127.0.0.1:${port}/readyz`, { signal })).json()
    return isRecord(body) && Array.isArray(body['checks']) ? body['checks'] : []
  } catch {
    return []
  }
}

const waitsOf = (process: string, checks: readonly unknown[]): readonly Wait[] =>
  checks.flatMap(check => {
    if (!isRecord(check)) return []
    const { name, ok, reason } = check
    return isText(name) && isText(reason) ? [{ process, check: name, ok: ok === true, reason }] : []
  })
