// Puts the Python image together from Debian packages and PyPI wheels, without any image registry: no shell, no package manager.
import { execFile, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Readable } from 'node:stream'
import { promisify } from 'node:util'
import { SandboxError } from '../../errors.ts'

const run = promisify(execFile)

/** The interpreter and the shared libraries it and the wheels need; nothing with a shell in it. */
const DEBIAN_PACKAGES = [
  'libbz2-1.0',
  'libc6',
  'libcrypt1',
  'libexpat1',
  'libffi8',
  'libgcc-s1',
  'libgomp1',
  'liblzma5',
  'libpython3.11-minimal',
  'libpython3.11-stdlib',
  'libsqlite3-0',
  'libssl3',
  'libstdc++6',
  'libuuid1',
  'python3.11-minimal',
  'zlib1g',
] as const

/** Raised when the tree is put together in another way. */
const FORM = '3'
const LIBRARIES = 'usr/lib/python3/dist-packages'
/** Directories of the assembled tree that no filter needs. */
const PRUNED = ['usr/share', `${LIBRARIES}/bin`, 'usr/lib/python3.11/ensurepip', 'usr/lib/python3.11/idlelib', 'etc']
const REQUIREMENTS = new URL('./requirements.txt', import.meta.url).pathname
const PLATFORMS = ['manylinux_2_17_x86_64', 'manylinux2014_x86_64', 'manylinux_2_28_x86_64']

/** Name of the image for these packages: it changes when the list of packages or the requirements change. */
export async function imageName(): Promise<string> {
  const hash = createHash('sha256')
    .update(DEBIAN_PACKAGES.join())
    .update(FORM)
    .update(await readFile(REQUIREMENTS))
  return `skysieve-python:${hash.digest('hex').slice(0, 12)}`
}

/**
 * Assembles the root file system and hands it to `load` as an uncompressed tar stream.
 * Needs apt-get, dpkg and python3 with pip (about 10 s and 110 MB of downloads); throws SandboxError SANDBOX_IMAGE otherwise.
 */
export async function assembleImage(load: (tar: Readable) => Promise<void>): Promise<void> {
  const work = await mkdtemp(join(tmpdir(), 'skysieve-image-'))
  try {
    const root = join(work, 'root')
    await mkdir(root)
    await unpackPackages(work, root)
    await installLibraries(root)
    await Promise.all(PRUNED.map(path => rm(join(root, path), { recursive: true, force: true })))
    await pruneTests(join(root, LIBRARIES))
    await compileModules(root)
    const tar = spawn('tar', ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '-C', root, '-c', '.'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const ended = once(tar, 'close')
    await load(tar.stdout)
    const [code] = (await ended) as [number | null]
    if (code !== 0) throw new Error(`tar ended with code ${code}`)
  } catch (cause) {
    if (cause instanceof SandboxError) throw cause
    throw new SandboxError(
      'SANDBOX_IMAGE',
      `the Python image could not be assembled: ${cause instanceof Error ? cause.message.slice(0, 500) : String(cause)}; ` +
        'it needs Debian 12 with apt-get and python3-pip, or an image built from sandbox/image/python/Dockerfile',
      { cause },
    )
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function unpackPackages(work: string, root: string): Promise<void> {
  const packages = join(work, 'packages')
  await mkdir(packages)
  await run('apt-get', ['download', '-q', ...DEBIAN_PACKAGES], { cwd: packages })
  for (const file of await readdir(packages)) await run('dpkg', ['-x', join(packages, file), root])
}

async function installLibraries(root: string): Promise<void> {
  const where = ['--target', join(root, LIBRARIES), '--python-version', '3.11', '--implementation', 'cp']
  const which = [
    '--only-binary=:all:',
    '--no-deps',
    '--require-hashes',
    '--abi',
    'cp311',
    '--abi',
    'abi3',
    '--abi',
    'none',
  ]
  const platforms = PLATFORMS.flatMap(platform => ['--platform', platform])
  await run('python3', [
    '-m',
    'pip',
    'install',
    '-q',
    '--root-user-action=ignore',
    ...where,
    ...which,
    ...platforms,
    '-r',
    REQUIREMENTS,
  ])
}

/** Compiled ahead, since a container cannot write: by the tree's own interpreter, so that the versions agree. */
async function compileModules(root: string): Promise<void> {
  const loader = join(root, 'lib64/ld-linux-x86-64.so.2')
  const libraries = ['lib/x86_64-linux-gnu', 'usr/lib/x86_64-linux-gnu'].map(path => join(root, path)).join(':')
  const python = ['--library-path', libraries, join(root, 'usr/bin/python3.11')]
  const places = [join(root, 'usr/lib/python3.11'), join(root, LIBRARIES)]
  // Some files are not meant for this version and do not compile; that is no mistake.
  const compile = [
    '-m',
    'compileall',
    '-q',
    '-j',
    '0',
    '--invalidation-mode',
    'unchecked-hash',
    '-s',
    root,
    '-p',
    '/',
    ...places,
  ]
  await run(loader, [...python, ...compile], { env: { PYTHONHOME: join(root, 'usr') } }).catch(() => undefined)
  if (!existsSync(join(root, LIBRARIES, 'numpy/__pycache__'))) throw new Error('its modules could not be compiled')
}

/** The libraries' own tests are a fifth of the image; a package called so at a library's top may be imported by the library (astropy does). */
async function pruneTests(directory: string, depth = 0): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true })
  for (const entry of entries.filter(found => found.isDirectory())) {
    const path = join(directory, entry.name)
    await (entry.name === 'tests' && depth > 1 ? rm(path, { recursive: true }) : pruneTests(path, depth + 1))
  }
}
