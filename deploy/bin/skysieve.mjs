#!/usr/bin/env node
// The `skysieve` command. Plain JavaScript for Node 20 or newer with nothing installed: it brings the packages up to date (they
// contain the Node that runs everything else), then hands over to main.ts with the same arguments.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import nodeModule from 'node:module'
import { join } from 'node:path'
import { installPackages, packagesKnownRight, packagesProblem, rememberRight, stampOf } from './packages.mjs'

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..')
const [major = 0] = process.versions.node.split('.').map(Number)
if (major < 20)
  fail(`Skysieve needs Node 20 or newer to begin with; this is ${process.version}. Get one from https://nodejs.org.`)

if (!packagesKnownRight(root)) await bringUpToDate()

const main = join(root, 'deploy/bin/main.ts')
// Compiled modules are kept: the command line then starts in two thirds of the time.
const cache = (process.env.NODE_COMPILE_CACHE ??= join(root, '.cache/node'))
if (process.version === wantedNode()) {
  nodeModule.enableCompileCache(cache)
  process.argv[1] = main
  await import('./main.ts')
} else {
  const node = join(root, 'node_modules/.bin/node')
  const args = [main, ...process.argv.slice(2)]
  if (typeof process.execve === 'function') process.execve(node, [node, ...args], process.env)
  runAsChild(node, args)
}

async function bringUpToDate() {
  try {
    if (packagesProblem(root) !== undefined) await installPackages(root, line => process.stderr.write(`${line}\n`))
    const stamp = stampOf(root)
    // Looked at once more, as another npm may have been at work in between.
    if (packagesProblem(root) === undefined) rememberRight(root, stamp)
  } catch (error) {
    fail(error instanceof Error ? error.message : String(error))
  }
}

/** The version of the Node among the packages. */
function wantedNode() {
  return `v${JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).dependencies.node}`
}

/** Where the process image cannot be replaced (Node 20): a child that shares the terminal, gets our signals and dies with us. */
function runAsChild(node, args) {
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
