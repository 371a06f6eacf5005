// Debian packages, where this may install them: as root on a system with apt-get. Services that come with them are not started:
// Skysieve runs its own Redis and needs no system-wide one.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tryCommand, type Outcome } from './run-command.ts'
import { DeployError } from '../errors.ts'

const POLICY = '/usr/sbin/policy-rc.d'
const MARK = '# made by skysieve for the time of an installation'
const LOCK_WAIT_S = 300

export const mayInstallPackages = (): boolean => process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')

/** Installs packages, with one `apt-get update` when the lists are missing or stale. Waits for another apt or dpkg. */
export const installPackages = async (packages: readonly string[], env: NodeJS.ProcessEnv): Promise<void> => {
  const release = holdServices()
  try {
    const install = ['install', '-y', '-q', '--no-install-recommends', ...packages]
    if ((await aptGet(install, env)).code === 0) return
    const update = await aptGet(['update', '-q'], env)
    const second = await aptGet(install, env)
    if (second.code === 0) return
    throw new DeployError(
      'DEPLOY_SETUP_FAILED',
      `\`apt-get install ${packages.join(' ')}\` failed${update.code === 0 ? '' : ', and so did `apt-get update`'}. Its last output:\n${second.output.trim()}`,
    )
  } finally {
    release()
  }
}

const aptGet = (args: readonly string[], env: NodeJS.ProcessEnv): Promise<Outcome> =>
  tryCommand('apt-get', ['-o', `DPkg::Lock::Timeout=${LOCK_WAIT_S}`, ...args], {
    env: { ...env, DEBIAN_FRONTEND: 'noninteractive', NEEDRESTART_MODE: 'l' },
  })

/**
 * policy-rc.d says 101, "not allowed", to every package script that would start a service. One that someone else made is left
 * as it is; one of ours that a kill left behind is taken over, and removed at the end.
 */
const holdServices = (): (() => void) => {
  if (existsSync(POLICY) && !readFileSync(POLICY, 'utf8').includes(MARK)) return () => undefined
  writeFileSync(POLICY, `#!/bin/sh\n${MARK}\nexit 101\n`, { mode: 0o755 })
  return () => rmSync(POLICY, { force: true })
}
