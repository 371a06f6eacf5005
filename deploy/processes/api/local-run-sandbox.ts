// The sandbox of `skysieve filter test`: the production one of the filter's language, in a directory that goes with it.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { type Language } from '#filters'
import { openContainerSandbox, openIsolateSandbox, type Sandbox } from '#sandbox'
import { chooseEngine } from '../../setup/docker-engine.ts'
import { DeployError } from '../../errors.ts'
import { CACHE_DIR } from '../../paths.ts'
import { readySocket } from '../engine/engine-paths.ts'

/** Opens it; warnings go to stderr. Throws DeployError DEPLOY_PREREQUISITE for Python where no Docker engine answers. */
export async function openLocalRunSandbox(language: Language, env: NodeJS.ProcessEnv): Promise<Sandbox> {
  const dir = mkdtempSync(join(tmpdir(), 'skysieve-local-'))
  const remove = (): void => rmSync(dir, { recursive: true, force: true })
  try {
    const logger = pino({ level: 'error' }, pino.destination(2))
    const sandbox =
      language === 'python'
        ? await openContainerSandbox({
            engine: await engineSocket(env),
            dir,
            label: 'local',
            logger,
            imageCache: CACHE_DIR,
          })
        : await openIsolateSandbox({ dir, logger, defaults: { hosts: 1 } })
    return {
      load: program => sandbox.load(program),
      unload: filter => sandbox.unload(filter),
      evaluate: (batch, filters) => sandbox.evaluate(batch, filters),
      posture: () => sandbox.posture(),
      close: () => sandbox.close().finally(remove),
    }
  } catch (error) {
    remove()
    throw error
  }
}

/** The engine of a system that was started in the working directory, or the machine's. */
async function engineSocket(env: NodeJS.ProcessEnv): Promise<string> {
  const own = readySocket(join(process.cwd(), '.skysieve', 'engine'))
  for (const configured of [own, undefined]) {
    const choice = await chooseEngine({ folders: [], env, configured })
    if (choice.kind === 'machine') return choice.socket
  }
  throw new DeployError(
    'DEPLOY_PREREQUISITE',
    'Python filters need a Docker engine, and none answers here. Run this in the directory where `skysieve start` runs, or start the engine of this machine (sudo systemctl start docker).',
  )
}
