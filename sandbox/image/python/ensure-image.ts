// The Python image. In comes an engine, out goes the name of the image in it: there already, from a kept tar, or assembled now.
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type Docker from 'dockerode'
import { hasImage, importImage } from '../../engine/engine-image.ts'
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
