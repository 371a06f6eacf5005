// Images in an engine: whether one is there, and putting one there from a tar of its root file system.
import { type Readable } from 'node:stream'
import type Docker from 'dockerode'
import { statusOf } from './docker-engine.ts'

/** Throws what dockerode throws when the engine does not answer. */
export async function hasImage(docker: Docker, name: string): Promise<boolean> {
  try {
    await docker.getImage(name).inspect()
    return true
  } catch (error) {
    if (statusOf(error) === 404) return false
    throw error
  }
}

/** Settles when the image is there under `name`. */
export async function importImage(docker: Docker, tar: Readable, name: string): Promise<void> {
  const [repo, tag] = name.split(':')
  const progress = await docker.importImage(tar, { repo, tag })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  docker.modem.followProgress(progress, error => (error ? reject(error) : resolve()))
  await promise
}
