// The image of isolate hosts: Node, the libraries it is linked with, isolated-vm and the host's program, nothing else. Assembled from what runs here, without any registry.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type Docker from 'dockerode'
import { hasImage, importImage } from '../../engine/engine-image.ts'
import { SandboxError } from '../../errors.ts'
import { sharedLibraries } from '../../machine/shared-libraries.ts'
import { INSIDE, type HostProgram } from './host-program.ts'

/** Raised when the tree is put together in another way. */
const FORM = '1'
/** Of a package: what it is built from, and what is for other machines. */
const NOT_LOADED = /\/(src|vendor|node_modules)$|\/(win32|darwin)-\w+$|\.(musl\.node|tgz)$/

const filesBelow = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .flatMap(entry => (entry.isFile() ? [join(entry.parentPath, entry.name)] : []))
    .toSorted()

/** Its name: it changes with Node, the packages and the program. */
function hostImageName({ code, packages }: HostProgram): string {
  const hash = createHash('sha256').update(`${FORM} ${process.version} ${process.arch}`)
  for (const path of Object.values(packages)) hash.update(readFileSync(join(path, 'package.json')))
  for (const file of filesBelow(code)) hash.update(file.slice(code.length)).update(readFileSync(file))
  return `skysieve-isolate-host:${hash.digest('hex').slice(0, 12)}`
}

/** The image's name once it is in the engine. Throws SANDBOX_IMAGE. */
export async function ensureHostImage(docker: Docker, files: HostProgram): Promise<string> {
  const name = hostImageName(files)
  if (await hasImage(docker, name)) return name
  if (process.platform !== 'linux')
    throw new SandboxError(
      'SANDBOX_IMAGE',
      `The image of isolate hosts is assembled from the Node of a Linux machine, and this is ${process.platform}; build it: docker build -t ${name} -f sandbox/image/isolate-host/Dockerfile .`,
    )
  const work = mkdtempSync(join(tmpdir(), 'skysieve-image-'))
  try {
    layOut(work, files)
    // Links are followed: nothing is copied but what goes into the image.
    const tar = spawn('tar', ['--sort=name', '--owner=0', '--group=0', '-h', '-C', work, '-c', '.'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const ended = once(tar, 'close')
    await importImage(docker, tar.stdout, name)
    const [code] = (await ended) as [number | null]
    if (code !== 0) throw new Error(`tar ended with code ${code}`)
    return name
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new SandboxError('SANDBOX_IMAGE', `The image of isolate hosts could not be put into the engine: ${why}.`, {
      cause,
    })
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** The tree of the image below `root`, as links to what is on this machine. */
export function layOut(root: string, { code, packages }: HostProgram): void {
  const node = realpathSync(process.execPath)
  const link = (from: string, to: string): void => {
    mkdirSync(dirname(join(root, to)), { recursive: true })
    symlinkSync(from, join(root, to))
  }
  link(node, INSIDE.node)
  for (const library of sharedLibraries([node])) link(realpathSync(library), library)
  cpSync(code, join(root, INSIDE.code), { recursive: true })
  for (const [name, path] of Object.entries(packages)) {
    const to = join(root, INSIDE.packages, name)
    cpSync(path, to, { recursive: true, filter: from => !NOT_LOADED.test(from.slice(path.length)) })
  }
}
