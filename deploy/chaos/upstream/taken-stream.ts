// A survey, and a started system that takes two of its streams: framed packets as Rubin's, and containers as ZTF's. Added as an operator adds them.
import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../../paths.ts'
import { type RunningSystem, startSystem } from '../../e2e/running-system.ts'
import { openSurvey, type Survey } from '../../processes/upstream/survey.fixture.ts'

/** Of the survey's topics: more than the hub's have. */
export const PARTITIONS = 10

export interface TakenStream {
  readonly survey: Survey
  readonly system: RunningSystem
  /** The survey's topics. */
  readonly framed: string
  readonly containers: string
  /** A command typed in the directory where the system was started; its JSON. */
  cli: (...argv: string[]) => Promise<Record<string, unknown>>
  /** Adds an upstream that begins at the first record. */
  add: (name: string, topic: string, ...more: string[]) => Promise<Record<string, unknown>>
  close: () => Promise<void>
}

/** Starts both; `dataDir` is a folder named `.skysieve`, which commands look for. */
export const openTakenStream = async (dataDir: string, portBase: number): Promise<TakenStream> => {
  const dir = dirname(dataDir)
  mkdirSync(dir, { recursive: true })
  const survey = await openSurvey({ isRelayed: true })
  const cli: TakenStream['cli'] = async (...argv) => {
    const bin = join(ROOT, 'deploy/bin/skysieve.mjs')
    const { stdout } = await promisify(execFile)('node', [bin, ...argv, '--json'], { encoding: 'utf8', cwd: dir })
    return JSON.parse(stdout)
  }
  try {
    const [framed, containers] = [await survey.makeTopic(PARTITIONS), await survey.makeTopic(PARTITIONS)]
    const options = ['--nodes', '1', '--no-python', '--no-simulator']
    const system = await startSystem(dataDir, portBase, options)
    writeFileSync(join(dir, 'survey-password'), `${survey.ours.password}\n`, { mode: 0o600 })
    const { bootstrap, user } = survey.ours
    const who = ['--bootstrap', bootstrap, '--user', user, '--password-file', 'survey-password', '--from', 'earliest']
    return {
      survey,
      system,
      framed,
      containers,
      cli,
      add: (name, topic, ...more) => cli('upstream', 'add', name, ...who, '--topic', topic, ...more),
      close: async () => {
        await system.stop()
        await survey.close()
      },
    }
  } catch (error) {
    await survey.close()
    throw error
  }
}
