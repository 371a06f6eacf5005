// Are the npm packages those of package-lock.json, and if not: npm ci, one at a time for a checkout.
import { spawn } from 'node:child_process'
import { accessSync, constants, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** What a checkout wants, and what npm put there. */
const lockFiles = root => [join(root, 'package-lock.json'), join(root, 'node_modules/.package-lock.json')]
const nodeOf = root => join(root, 'node_modules/.bin/node')
const stampFile = root => join(root, 'node_modules/.skysieve-checked')

/**
 * Are the packages those that were found right the last time? Files that nobody changed since have the same stamp, so a command
 * need not read and compare both lists.
 */
export function packagesKnownRight(root) {
  try {
    return readFileSync(stampFile(root), 'utf8') === stampOf(root)
  } catch {
    return false
  }
}

/** Remembers that `packagesProblem` found none. `stamp` was taken before it looked. Where nothing may be written, it is looked at each time. */
export function rememberRight(root, stamp) {
  try {
    writeFileSync(stampFile(root), stamp)
  } catch {
    // Read-only packages.
  }
}

/** Of both lists and of Node: a file that was written, replaced or copied since has another. Throws where one is missing. */
export function stampOf(root) {
  return [...lockFiles(root), nodeOf(root)]
    .map(file => statSync(file))
    .map(({ ino, size, mtimeMs, ctimeMs }) => [ino, size, mtimeMs, ctimeMs].join(' '))
    .join('\n')
}

/**
 * Why the packages have to be installed, or undefined when they need not. npm writes node_modules/.package-lock.json last, so an
 * installation that was cut off has none; its entries carry the hashes of what was unpacked.
 */
export function packagesProblem(root) {
  const [wantedFile, presentFile] = lockFiles(root)
  const wanted = readPackages(wantedFile)
  if (wanted === undefined) return 'package-lock.json cannot be read'
  const present = readPackages(presentFile)
  if (present === undefined) return 'they are not installed'
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || (entry.optional && present[path] === undefined)) continue
    if (!same(entry, present[path])) return `${path} is not ${entry.version}`
  }
  for (const path of Object.keys(present)) if (wanted[path] === undefined) return `${path} is not wanted any more`
  try {
    accessSync(nodeOf(root), constants.X_OK)
  } catch {
    return 'Node itself is missing from them (was npm told to ignore install scripts?)'
  }
  return undefined
}

const same = (wanted, present) =>
  present !== undefined && present.version === wanted.version && present.integrity === wanted.integrity

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

/** Runs `npm ci`; a second one in the same checkout waits for the first and finds nothing left to do. */
export async function installPackages(root, print) {
  print('packages   installing with npm ci (about half a minute)')
  const started = Date.now()
  mkdirSync(join(root, '.cache'), { recursive: true })
  const lock = join(root, '.cache/packages.lock')
  const self = [process.execPath, fileURLToPath(import.meta.url), root]
  const { code, output } = await run(root, process.platform === 'linux' ? ['flock', lock, ...self] : self)
  const problem = packagesProblem(root)
  if (code !== 0 || problem !== undefined)
    throw new Error(
      `${output.trim()}\n\nThe npm packages could not be installed in ${root}: ${problem ?? `npm ended with ${code}`}.\n` +
        'Skysieve needs the npm registry once. Run `npm ci` there to see all of its output.',
    )
  print(`packages   installed in ${((Date.now() - started) / 1000).toFixed(0)} s`)
}

/** Its exit code and the beginning of its output; output is kept, not shown, so that a good installation is one line. */
function run(cwd, [command, ...args]) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const keep = chunk => (output = (output + chunk).slice(0, 4_000))
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    child.on('error', error => reject(new Error(`Cannot run ${command}: ${error.message}`)))
    child.on('close', code => resolve({ code, output }))
  })
}

// Run by itself, under the lock: packages.mjs ROOT.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const root = process.argv[2] ?? '.'
  if (packagesProblem(root) !== undefined) {
    const { code, output } = await run(root, [
      'npm',
      'ci',
      '--include=dev',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
    ])
    process.stdout.write(output)
    process.exitCode = code ?? 1
  }
}
