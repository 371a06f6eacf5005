// The Python image in an engine: there already, from a kept tar, or assembled now.
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type Docker from 'dockerode'
import { statusOf } from '../engine.ts'
import { assembleImage, imageName } from './assemble.ts'

/** The image's name once it is in the engine. `cache`: a directory where the assembled image is kept as a tar. Throws SANDBOX_IMAGE. */
export async function ensureImage(docker: Docker, cache?: string): Promise<string> {
  const name = await imageName()
  if (await hasImage(docker, name)) return name
  const load = (tar: Readable): Promise<void> => importImage(docker, tar, name)
  if (cache === undefined) {
    await assembleImage(load)
    return name
  }
  const kept = join(cache, `python-image-${name.split(':')[1] ?? ''}.tar`)
  if (!existsSync(kept)) {
    await mkdir(cache, { recursive: true })
    // Written beside and renamed, so that a tar that is there is whole.
    const partial = `${kept}.${process.pid}`
    try {
      await assembleImage(tar => pipeline(tar, createWriteStream(partial)))
      await rename(partial, kept)
    } finally {
      await rm(partial, { force: true })
    }
  }
  await load(createReadStream(kept))
  return name
}

async function hasImage(docker: Docker, name: string): Promise<boolean> {
  try {
    await docker.getImage(name).inspect()
    return true
  } catch (error) {
    if (statusOf(error) === 404) return false
    throw error
  }
}

async function importImage(docker: Docker, tar: Readable, name: string): Promise<void> {
  const [repo, tag] = name.split(':')
  const progress = await docker.importImage(tar, { repo, tag })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  docker.modem.followProgress(progress, error => (error ? reject(error) : resolve()))
  await promise
}
