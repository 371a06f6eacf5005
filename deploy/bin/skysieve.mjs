#!/usr/bin/env node
// The `skysieve` command. Plain JavaScript for Node 20 or newer with nothing installed: it brings the packages up to date (they
// contain the Node that runs everything else), then hands over to main.ts with the same arguments.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { installPackages, packagesProblem } from './packages.mjs'

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..')
const [major = 0] = process.versions.node.split('.').map(Number)
if (major < 20)
  fail(`Skysieve needs Node 20 or newer to begin with; this is ${process.version}. Get one from https://nodejs.org.`)

if (packagesProblem(root) !== undefined) {
  try {
    await installPackages(root, line => process.stderr.write(`${line}\n`))
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error))
  }
}

const node = join(root, 'node_modules/.bin/node')
const args = ['--disable-warning=ExperimentalWarning', join(root, 'deploy/bin/main.ts'), ...process.argv.slice(2)]
// Compiled modules are kept: the command line then starts in two thirds of the time.
process.env.NODE_COMPILE_CACHE ??= join(root, '.cache/node')
if (typeof process.execve === 'function') process.execve(node, [node, ...args], process.env)
runAsChild()

/** Where the process image cannot be replaced (Node 20): a child that shares the terminal, gets our signals and dies with us. */
function runAsChild() {
  const linux = process.platform === 'linux'
  const [command, commandArgs] = linux ? ['setpriv', ['--pdeathsig', 'KILL', '--', node, ...args]] : [node, args]
  const child = spawn(command, commandArgs, { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', error => fail(`Cannot run ${command}: ${error.message}. It is part of util-linux.`))
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

function fail(message) {
  process.stderr.write(`${message}\n`)
  process.exit(1)
}
