// An S3 server for the tests of the archive: Adobe's S3Mock (Apache-2.0, Spring Boot), one jar from Maven Central, checked against its hash.
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DeployError } from '../errors.ts'
import { runCommand } from './run-command.ts'

const JAR = 's3mock-4.12.4-exec.jar'
const SHA256 = 'a60617fe3aabb22d8ad90c2ad40d4989f23e7c7862f5efe7b26f934d516cce3c'
const POM = join(import.meta.dirname, 's3-server/pom.xml')

/** Where the jar lies under the cache directory. */
const s3ServerIn = (cacheDir: string): string => join(cacheDir, 's3-server', JAR)

export const haveS3Server = (cacheDir: string): boolean => existsSync(s3ServerIn(cacheDir))

/** Fetches the jar aside, checks it and renames it into place; safe to repeat and to run twice at once. */
export const fetchS3Server = async (cacheDir: string): Promise<void> => {
  const aside = join(cacheDir, `s3-server.${process.pid}`)
  try {
    await mkdir(aside, { recursive: true })
    const copy = ['dependency:copy-dependencies', `-DoutputDirectory=${aside}`]
    await runCommand('mvn', ['-q', '--batch-mode', '-f', POM, ...copy])
    const hash = createHash('sha256')
      .update(await readFile(join(aside, JAR)))
      .digest('hex')
    if (hash !== SHA256)
      throw new DeployError(
        'DEPLOY_SETUP_FAILED',
        `${JAR} from Maven Central has the SHA-256 ${hash}, not ${SHA256} as expected. Nothing was installed.`,
      )
    await mkdir(join(cacheDir, 's3-server'), { recursive: true })
    await rename(join(aside, JAR), s3ServerIn(cacheDir))
  } finally {
    await rm(aside, { recursive: true, force: true })
  }
}
